using System.Buffers.Binary;
using ActorRing.Compute.Data;

namespace ActorRing.Compute.Specs.Data;

public sealed class PackedTokensSpec : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void File_must_be_readable_while_another_process_still_holds_the_lock_that_it_wrote_under()
    {
        var path = folder.File("locked.tokens");
        using (var writer = new PackedTokensWriter(path, 10))
        {
            writer.Append([1, 2]);
            writer.EndDocument();
            writer.Commit();
        }

        using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        using var tokens = PackedTokens.Open(path);
        Assert.Equal(2, tokens.TokenCount);
    }

    [Theory]
    [InlineData(1 << 16, 65535)]
    [InlineData((1 << 16) + 1, 65536)]
    [InlineData(int.MaxValue, int.MaxValue - 1)]
    public void Tokens_and_boundaries_must_come_back_when_they_were_written(int idLimit, int largest)
    {
        var path = folder.File("sub/a.tokens");
        using (var writer = new PackedTokensWriter(path, idLimit))
        {
            writer.EndDocument();
            writer.Append([1, 2, 3]);
            writer.Append([]);
            writer.Append([largest]);
            writer.EndDocument();
            writer.EndDocument();
            writer.Append([0]);
            writer.EndDocument();
            writer.Commit();
        }

        using var tokens = PackedTokens.Open(path);
        Assert.Equal((5, 4, largest + 1), (tokens.TokenCount, tokens.DocumentCount, tokens.IdBound));
        var ids = new int[5];
        Assert.Equal((uint)largest, tokens.Read(0, ids));
        Assert.Equal([1, 2, 3, largest, 0], ids);
        Assert.Equal(3u, tokens.Read(1, ids.AsSpan(0, 2)));
        Assert.Equal([0, 0, 4, 4, 5], Enumerable.Range(0, 5).Select(document => tokens.DocumentStart(document)));
        Assert.Equal([2, 2, 4, 4], new long[] { 0, 3, 4, 100 }.Select(tokens.FirstDocumentAfter));
        Assert.Equal(0, tokens.FirstDocumentAfter(-1));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void Labels_must_be_ignored_where_the_writer_was_told_so_and_nowhere_else()
    {
        var path = folder.File("a.tokens");
        var isLabel = Enumerable.Range(0, 300).Select(token => token < 20 || token % 3 == 0).ToArray();
        using (var writer = new PackedTokensWriter(path, 1000))
        {
            // The first tokens without a word, which stands for all; then some in pieces that end inside a byte; at last some without a word again.
            writer.Append([.. Enumerable.Range(0, 5)]);
            for (var at = 5; at < 300; at += 59) writer.Append([.. Enumerable.Range(at, 59)], isLabel.AsSpan(at, 59));
            writer.Append([300, 301]);
            writer.EndDocument();
            writer.Commit();
        }

        using var tokens = PackedTokens.Open(path);
        Assert.Equal(64 + 608 + 16 + 38, new FileInfo(path).Length);
        for (var from = 0; from < 302; from += 7)
        {
            var labels = Enumerable.Range(from, Math.Min(20, 302 - from)).ToArray();
            tokens.Ignore(from, labels);
            Assert.Equal(labels.Select((_, at) => from + at >= 300 || isLabel[from + at] ? from + at : PackedRows.Ignored), labels);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => tokens.Ignore(302, new int[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Refused(new PackedTokensWriter(folder.File("b.tokens"), 10)));
        static void Refused(PackedTokensWriter writer)
        {
            using (writer) writer.Append([1, 2], [true]);
        }
    }

    [Fact]
    public void A_file_without_tokens_or_documents_must_open()
    {
        using var empty = PackedTokens.Open(folder.Pack("empty.tokens"));
        Assert.Equal((0, 0, 0), (empty.TokenCount, empty.DocumentCount, empty.IdBound));
        Assert.Equal(0u, empty.Read(0, []));
        using var blank = PackedTokens.Open(folder.Pack("blank.tokens", 0, 0));
        Assert.Equal((0, 2), (blank.TokenCount, blank.DocumentCount));
    }

    [Fact]
    public void Many_tokens_must_come_back_when_they_pass_the_buffers()
    {
        var path = folder.Pack("a.tokens", [.. Enumerable.Range(0, 600)]);
        using var tokens = PackedTokens.Open(path);
        var ids = new int[tokens.TokenCount];
        tokens.Read(0, ids);
        Assert.Equal(Enumerable.Range(0, 600 * 599 / 2), ids);
        Assert.Equal(Enumerable.Range(0, 601).Select(i => (long)i * (i - 1) / 2), Enumerable.Range(0, 601).Select(i => tokens.DocumentStart(i)));
    }

    [Fact]
    public void Reading_must_be_refused_when_it_leaves_the_file()
    {
        var tokens = PackedTokens.Open(folder.Pack("a.tokens", 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokens.Read(-1, new int[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokens.Read(5, new int[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokens.Read(long.MaxValue, new int[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokens.Read(0, new int[6]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokens.DocumentStart(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokens.DocumentStart(-1));
        tokens.Dispose();
        tokens.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tokens.Read(0, new int[1]));
        Assert.Throws<ObjectDisposedException>(() => tokens.DocumentStart(0));
        Assert.Throws<ObjectDisposedException>(() => tokens.FirstDocumentAfter(0));
    }

    [Fact]
    public void Nothing_must_be_left_when_a_writer_is_not_committed()
    {
        var kept = folder.Pack("a.tokens", 3);
        var before = File.ReadAllBytes(kept);
        using (var writer = new PackedTokensWriter(kept, 10))
        {
            writer.Append([1]);
            Assert.Throws<InvalidOperationException>(writer.Commit);
            Assert.Throws<ArgumentOutOfRangeException>(() => writer.Append([2, -1]));
            Assert.Throws<ArgumentOutOfRangeException>(() => writer.Append([2, 65536]));
            Assert.Equal(1, writer.TokenCount);
        }

        Assert.Equal(before, File.ReadAllBytes(kept));
        Assert.Equal([kept], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_file_must_be_refused_when_it_is_cut_short_or_too_long_by_any_number_of_bytes()
    {
        var whole = File.ReadAllBytes(folder.Pack("a.tokens", 3, 4));
        for (var length = 0; length < whole.Length; length++)
        {
            var path = folder.Write("cut.tokens", whole[..length]);
            Assert.StartsWith($"{path}: ", Assert.Throws<InvalidDataException>(() => PackedTokens.Open(path)).Message, StringComparison.Ordinal);
        }

        Assert.Contains("allowed: 104 for 7 tokens and 2 documents", Error([.. whole, 0]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 'X', "not a packed token file; allowed: a file that starts with ARTOKENS and a header of 64 bytes")]
    [InlineData(8, 2, "version 2; allowed: version 1")]
    [InlineData(12, 3, "ids of 3 bytes; allowed: 2 or 4")]
    [InlineData(16, 8, "document 1 has no place between its neighbours; allowed: boundaries that rise from 0 to 8")]
    [InlineData(16, 9, "104 bytes; allowed: 112 for 9 tokens and 2 documents")]
    [InlineData(23, 255, "18374686479671623687 tokens and 2 documents in 104 bytes; allowed: a whole file")]
    [InlineData(31, 127, "7 tokens and 9151314442816847874 documents in 104 bytes; allowed: a whole file")]
    [InlineData(32, 0, "id bound 0; allowed: one more than the largest id")]
    [InlineData(34, 2, "id bound 131079; allowed: one more than the largest id")]
    [InlineData(40, 1, "104 bytes; allowed: 105 for 7 tokens and 2 documents")]
    [InlineData(40, 2, "a header with unknown fields; allowed: 0 or 1 at byte 40 and zeros from byte 41 to 63")]
    [InlineData(48, 1, "a header with unknown fields; allowed: 0 or 1 at byte 40 and zeros from byte 41 to 63")]
    [InlineData(80, 1, "document 0 has no place between its neighbours; allowed: boundaries that rise from 0 to 7")]
    [InlineData(88, 9, "document 1 has no place between its neighbours; allowed: boundaries that rise from 0 to 7")]
    [InlineData(95, 255, "document 0 has no place between its neighbours; allowed: boundaries that rise from 0 to 7")]
    [InlineData(96, 8, "document 1 has no place between its neighbours; allowed: boundaries that rise from 0 to 7")]
    public void A_file_must_be_refused_when_a_field_is_wrong(int position, int value, string error)
    {
        var bytes = File.ReadAllBytes(folder.Pack("a.tokens", 3, 4));
        Assert.Equal(104, bytes.Length);
        bytes[position] = (byte)value;
        Assert.Equal(error, Error(bytes));
    }

    [Fact]
    public void A_file_must_open_or_be_refused_when_any_bytes_are_changed()
    {
        var whole = File.ReadAllBytes(folder.Pack("a.tokens", 3, 0, 4));
        var random = new Random(7);
        var opened = 0;
        for (var trial = 0; trial < 500; trial++)
        {
            var bytes = (byte[])whole.Clone();
            for (var change = random.Next(1, 4); change > 0; change--) bytes[random.Next(8, bytes.Length)] = (byte)random.Next(256);
            var path = folder.Write("fuzz.tokens", bytes);
            try
            {
                using var tokens = PackedTokens.Open(path);
                tokens.Read(0, new int[tokens.TokenCount]);
                opened++;
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith($"{path}: ", e.Message, StringComparison.Ordinal);
            }
        }

        Assert.InRange(opened, 1, 499);
    }

    [Fact]
    public void The_layout_must_stay_as_it_is_documented()
    {
        var bytes = File.ReadAllBytes(folder.Pack("a.tokens", 1, 2));
        Assert.Equal("ARTOKENS"u8.ToArray(), bytes[..8]);
        Assert.Equal([1, 2], new[] { BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)), BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12)) });
        Assert.Equal([3L, 2, 3], new[] { 16, 24, 32 }.Select(at => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at))));
        Assert.Equal([0, 0, 1, 0, 2, 0, 0, 0], bytes[64..72]);
        Assert.Equal([0L, 1, 3], new[] { 72, 80, 88 }.Select(at => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at))));
        Assert.Equal(96, bytes.Length);
    }

    private string Error(byte[] bytes)
    {
        var path = folder.Write("bad.tokens", bytes);
        return Assert.Throws<InvalidDataException>(() => PackedTokens.Open(path)).Message.Replace(path + ": ", "", StringComparison.Ordinal);
    }
}
