using System.Text;
using ActorRing.Compute.Checkpoints.Safetensors;

namespace ActorRing.Compute.Specs.Checkpoints;

public sealed class SafetensorsWriterSpec : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Target => folder.At("model.safetensors");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Writer_must_give_these_bytes_when_two_tensors_are_written()
    {
        TensorSpec[] tensors = [new("b", SafetensorsDtype.BF16, [3]), SafetensorsBytes.F32("a", 1, 2)];

        SafetensorsBytes.Write(Target, tensors);

        // Written out by hand, then filled with spaces, so that the data begins at a multiple of 8.
        const string header =
            """{"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]"""
            + """},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[6,14]}}""";
        var padded = header.PadRight((header.Length + 7) / 8 * 8);
        Assert.Equal(SafetensorsBytes.File(Encoding.UTF8.GetBytes(padded), [.. SafetensorsBytes.Data(6), .. SafetensorsBytes.Data(8)]),
            File.ReadAllBytes(Target));
    }

    [Fact]
    public void Writer_must_reproduce_a_file_byte_for_byte_when_it_copies_it_in_order()
    {
        SafetensorsBytes.Write(
            Target, SafetensorsBytes.F32("z", 3, 5), SafetensorsBytes.F32("empty", 0, 5), new("scalar", SafetensorsDtype.I64, []),
            new("é\"\\", SafetensorsDtype.Bool, [7]));
        using var source = SafetensorsFile.Open(Target);
        using (var copy = SafetensorsWriter.Create(folder.At("copy"), source.Entries, source.Metadata))
        {
            foreach (var entry in source.Entries)
            {
                // In slices, as a large tensor would be.
                for (var row = 0; row < entry.RowCount; row++)
                {
                    var bytes = new byte[entry.RowBytes];
                    source.ReadRows(entry.Name, row, 1, bytes);
                    copy.Append(entry.Name, bytes);
                }
            }
            copy.Commit();
        }

        Assert.Equal(File.ReadAllBytes(Target), File.ReadAllBytes(folder.At("copy")));
    }

    [Fact]
    public void Writer_must_leave_nothing_under_the_final_name_when_it_stops_at_any_point()
    {
        TensorSpec[] tensors = [SafetensorsBytes.F32("a", 2), SafetensorsBytes.F32("b", 3)];
        for (var bytes = 0; bytes <= 20; bytes++)
        {
            using (var writer = SafetensorsWriter.Create(Target, tensors))
            {
                writer.Append("a", new byte[Math.Min(bytes, 8)]);
                writer.Append("b", new byte[Math.Max(0, bytes - 8)]);
                Assert.False(File.Exists(Target));
                if (bytes < 20)
                {
                    Assert.Contains("bytes came before the commit", Assert.Throws<InvalidOperationException>(writer.Commit).Message, StringComparison.Ordinal);
                }
            }
            Assert.Empty(folder.Names());
        }
    }

    [Fact]
    public void Writer_must_keep_the_old_file_when_the_sync_fails()
    {
        File.WriteAllBytes(Target, [1, 2, 3]);
        using (var writer = SafetensorsWriter.Create(Target, [SafetensorsBytes.F32("a", 1)], null, (_, path) => throw new IOException($"{path}: fsync failed")))
        {
            writer.Append("a", new byte[4]);
            Assert.Throws<IOException>(writer.Commit);
        }

        Assert.Equal(["model.safetensors"], folder.Names());
        Assert.Equal([1, 2, 3], File.ReadAllBytes(Target));
    }

    [Fact]
    public void Writer_must_refuse_bytes_when_they_are_not_those_that_are_due()
    {
        using var writer = SafetensorsWriter.Create(Target, [SafetensorsBytes.F32("a", 2), SafetensorsBytes.F32("b", 1)]);

        Assert.EndsWith("bytes of tensor 'b' came; due is 'a'", Assert.Throws<InvalidOperationException>(() => writer.Append("b", new byte[4])).Message,
            StringComparison.Ordinal);
        Assert.EndsWith("tensor 'a' F32 [2]: 9 bytes came; it has 8", Assert.Throws<InvalidOperationException>(() => writer.Append("a", new byte[9])).Message,
            StringComparison.Ordinal);
        writer.Append("a", new byte[8]);
        writer.Append("b", new byte[4]);
        Assert.EndsWith("due is the commit", Assert.Throws<InvalidOperationException>(() => writer.Append("b", new byte[1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Writer_must_refuse_a_layout_when_the_strict_reader_would()
    {
        Assert.Contains("appears twice", Refusal([SafetensorsBytes.F32("a", 1), SafetensorsBytes.F32("a", 1)]), StringComparison.Ordinal);
        Assert.Contains("control character", Refusal([SafetensorsBytes.F32("a\n", 1)]), StringComparison.Ordinal);
        Assert.Contains("__metadata__", Refusal([SafetensorsBytes.F32("__metadata__", 1)]), StringComparison.Ordinal);
        Assert.Contains("more than 16", Refusal([SafetensorsBytes.F32("a", [.. Enumerable.Repeat(1L, 17)])]), StringComparison.Ordinal);
        Assert.Contains("only 'pt'", Refusal([], new Dictionary<string, string> { ["format"] = "tf" }), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => SafetensorsBytes.F32("a", long.MaxValue, 2));
        Assert.Throws<ArgumentException>(() => SafetensorsBytes.F32("a", -1));
        Assert.Empty(folder.Names());
    }

    [Fact]
    public void Writer_must_sort_metadata_behind_the_format_when_there_is_more()
    {
        using (var writer = SafetensorsWriter.Create(Target, [], new Dictionary<string, string> { ["z"] = "1", ["a"] = "<é>", ["format"] = "pt" }))
        {
            writer.Commit();
        }

        Assert.Equal("""{"__metadata__":{"format":"pt","a":"<é>","z":"1"}}""", Encoding.UTF8.GetString(File.ReadAllBytes(Target).AsSpan(8)).TrimEnd(' '));
    }

    private string Refusal(TensorSpec[] tensors, Dictionary<string, string>? metadata = null) =>
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Create(Target, tensors, metadata)).Message;
}
