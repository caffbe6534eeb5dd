using System.Runtime.InteropServices;
using ActorRing.Compute.Checkpoints.Safetensors;

namespace ActorRing.Compute.Specs.Checkpoints;

public sealed class SafetensorsFileSpec : IDisposable
{
    // 3 tensors, the middle one empty; odd byte counts.
    private const string Header =
        """{"a":{"dtype":"U8","shape":[7,3],"data_offsets":[0,21]},"e":{"dtype":"F32","shape":[0,5],"data_offsets":[21,21]},"""
        + """ "b":{"dtype":"I16","shape":[2,1,3],"data_offsets":[21,33]}}""";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void File_must_give_the_bytes_of_each_tensor_when_it_is_read_whole()
    {
        using var file = SafetensorsFile.Open(Write("w.safetensors", SafetensorsBytes.File(Header, 33)));
        var (a, e, b) = (new byte[21], Array.Empty<byte>(), new byte[12]);

        file.Read("a", a);
        file.Read("e", e);
        file.Read("b", b);

        Assert.Equal(SafetensorsBytes.Data(33), a.Concat(b));
    }

    [Theory]
    [InlineData("a", 0, 7)]
    [InlineData("a", 2, 3)]
    [InlineData("a", 6, 1)]
    [InlineData("a", 7, 0)]
    [InlineData("b", 1, 1)]
    [InlineData("e", 0, 0)]
    public void File_must_give_exactly_those_rows_when_a_slice_is_read(string name, int first, int count)
    {
        using var file = SafetensorsFile.Open(Write("w.safetensors", SafetensorsBytes.File(Header, 33)));
        var entry = file.Tensors[name];
        var rows = new byte[count * entry.RowBytes];

        file.ReadRows(name, first, count, rows);

        Assert.Equal(SafetensorsBytes.Data(33).AsSpan((int)(entry.Begin + first * entry.RowBytes), rows.Length).ToArray(), rows);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 8)]
    [InlineData(7, 1)]
    [InlineData(1, long.MaxValue)]
    [InlineData(long.MaxValue, 1)]
    public void File_must_refuse_rows_when_they_are_not_in_the_tensor(long first, long count)
    {
        using var file = SafetensorsFile.Open(Write("w.safetensors", SafetensorsBytes.File(Header, 33)));

        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadRows("a", first, count, new byte[3]));
    }

    [Fact]
    public void File_must_refuse_the_call_when_name_or_destination_do_not_fit()
    {
        using var file = SafetensorsFile.Open(Write("w.safetensors", SafetensorsBytes.File(Header, 33)));

        Assert.Contains("has no tensor 'c'", Assert.Throws<ArgumentException>(() => file.Read("c", [])).Message, StringComparison.Ordinal);
        Assert.Contains("the destination has 22", Assert.Throws<ArgumentException>(() => file.Read("a", new byte[22])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void File_must_be_refused_when_it_is_shorter_than_the_header_length(int bytes)
    {
        var path = Write("w.safetensors", new byte[bytes]);

        Assert.Equal($"{path}: is {bytes} bytes long; a safetensors file begins with 8 bytes of header length", Refusal(path));
    }

    [Theory]
    [InlineData(3UL)]
    [InlineData(0x7fff_ffff_ffff_ffffUL)]
    [InlineData(0xffff_ffff_ffff_ffffUL)]
    public void File_must_be_refused_when_the_header_length_is_beyond_its_end(ulong headerBytes)
    {
        var path = Write("w.safetensors", [.. MemoryMarshal.AsBytes<ulong>([headerBytes]), .. "{}"u8]);

        Assert.Equal($"{path}: header length {headerBytes}: at most 2 is allowed (limit 8388608, file 10 bytes)", Refusal(path));
    }

    [Fact]
    public void File_must_obey_the_header_limit_when_the_caller_sets_one()
    {
        var path = Write("w.safetensors", SafetensorsBytes.File(Header, 33));

        using (SafetensorsFile.Open(path, Header.Length))
        {
        }
        Assert.Contains($"at most {Header.Length - 1} is allowed",
            Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path, Header.Length - 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void File_must_be_refused_at_every_length_when_it_is_truncated_or_has_a_trailer()
    {
        var whole = SafetensorsBytes.File(Header, 33);
        for (var length = 0; length <= whole.Length + 1; length++)
        {
            var path = Write("w.safetensors", [.. whole[..Math.Min(length, whole.Length)], .. new byte[Math.Max(0, length - whole.Length)]]);
            if (length == whole.Length)
            {
                SafetensorsFile.Open(path).Dispose();
                continue;
            }
            Assert.StartsWith(path + ": ", Refusal(path), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Read_must_fail_by_name_when_the_file_became_shorter_after_opening()
    {
        var path = Write("w.safetensors", SafetensorsBytes.File(Header, 33));
        using var file = SafetensorsFile.Open(path);
        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(handle, 8 + Header.Length + 30);
        }

        var thrown = Assert.Throws<InvalidDataException>(() => file.Read("b", new byte[12]));

        Assert.Equal($"{path}: tensor 'b': only 9 of 12 bytes are left; the file became shorter after it was opened", thrown.Message);
    }

    [Fact]
    public void File_must_be_refused_when_it_is_missing_a_folder_or_a_fifo()
    {
        Directory.CreateDirectory(folder.At("dir"));
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", folder.At("fifo")))
        {
            mkfifo.WaitForExit();
        }

        Assert.Contains("no such file", Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Open(folder.At("none"))).Message, StringComparison.Ordinal);
        Assert.EndsWith("dir: is not a regular file; only regular files are read", Refusal(folder.At("dir")), StringComparison.Ordinal);
        Assert.EndsWith("fifo: is not a regular file; only regular files are read", Refusal(folder.At("fifo")), StringComparison.Ordinal);
        Assert.EndsWith("null: is not a regular file; only regular files are read", Refusal("/dev/null"), StringComparison.Ordinal);
    }

    [Fact]
    public void File_must_be_refused_when_a_link_leads_out_of_its_folder()
    {
        Directory.CreateDirectory(folder.At("model"));
        Write("secret.safetensors", SafetensorsBytes.File(Header, 33));
        File.CreateSymbolicLink(folder.At("model", "out.safetensors"), "../secret.safetensors");
        Write("model/real.safetensors", SafetensorsBytes.File(Header, 33));
        File.CreateSymbolicLink(folder.At("model", "in.safetensors"), "real.safetensors");

        Assert.Contains("outside its folder", Refusal(folder.At("model", "out.safetensors")), StringComparison.Ordinal);
        SafetensorsFile.Open(folder.At("model", "in.safetensors")).Dispose();
    }

    [Fact]
    public void File_must_be_read_when_it_is_a_link_inside_the_hugging_face_cache()
    {
        Directory.CreateDirectory(folder.At("models--a--b", "snapshots", "c0ffee"));
        Directory.CreateDirectory(folder.At("models--a--b", "blobs"));
        Write("models--a--b/blobs/123", SafetensorsBytes.File(Header, 33));
        Write("models--a--b/other", SafetensorsBytes.File(Header, 33));
        var snapshot = folder.At("models--a--b", "snapshots", "c0ffee");
        File.CreateSymbolicLink(Path.Combine(snapshot, "w.safetensors"), "../../blobs/123");
        File.CreateSymbolicLink(Path.Combine(snapshot, "x.safetensors"), "../../other");

        SafetensorsFile.Open(Path.Combine(snapshot, "w.safetensors")).Dispose();
        Assert.Contains("outside its folder", Refusal(Path.Combine(snapshot, "x.safetensors")), StringComparison.Ordinal);
    }

    private static string Refusal(string path) => Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path)).Message;

    private string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(folder.At(name), bytes);
        return folder.At(name);
    }
}
