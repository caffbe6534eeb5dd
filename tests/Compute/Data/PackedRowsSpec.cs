using ActorRing.Compute.Data;

namespace ActorRing.Compute.Specs.Data;

public sealed class PackedRowsSpec : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_row_must_hold_shifted_labels_and_document_starts_when_documents_meet_in_it()
    {
        // Documents 0 1 2 | 3 | (empty) | 4 5 6 7 8 | 9, rows of four.
        using var corpus = Open(folder.Pack("a.tokens", 3, 1, 0, 5, 1));
        var rows = new PackedRows(corpus, 4, documentMask: true);
        Assert.Equal("0 1 2 3 > 1 2 - - | 0 3 4 | 2", Show(rows, 0));
        Assert.Equal("4 5 6 7 > 5 6 7 8 | 0 4 | 4", Show(rows, 1));
        Assert.Equal("8 9 0 1 > - - 1 2 | 0 1 2 4 | 2", Show(rows, 2));
        Assert.Equal("2 3 4 5 > - - 5 6 | 0 1 2 4 | 2", Show(rows, 3));
        Assert.Equal("6 7 8 9 > 7 8 - - | 0 3 4 | 2", Show(rows, 4));
        Assert.Equal(Show(rows, 0), Show(rows, 5));
        var open = new PackedRows(corpus, 4, documentMask: false);
        Assert.Equal("0 1 2 3 > 1 2 3 4 | 0 4 | 4", Show(open, 0));
        Assert.Equal("8 9 0 1 > 9 0 1 2 | 0 4 | 4", Show(open, 2));
    }

    [Fact]
    public void Labels_must_be_ignored_across_files_and_the_seam_when_the_corpus_says_so()
    {
        // Tokens 0 1 2 | 3 4 of one file, of which 0 and 3 are no labels, and 5 6 7 of another, which has no such word.
        using (var writer = new PackedTokensWriter(folder.File("a.tokens"), 10))
        {
            writer.Append([0, 1, 2], [false, true, true]);
            writer.EndDocument();
            writer.Append([3, 4], [false, true]);
            writer.EndDocument();
            writer.Commit();
        }

        using (var writer = new PackedTokensWriter(folder.File("b.tokens"), 10))
        {
            writer.Append([5, 6, 7]);
            writer.EndDocument();
            writer.Commit();
        }

        using var corpus = Open(folder.File("a.tokens"), folder.File("b.tokens"));
        var open = new PackedRows(corpus, 3, documentMask: false);
        Assert.Equal("0 1 2 > 1 2 - | 0 3 | 2", Show(open, 0));
        Assert.Equal("3 4 5 > 4 5 6 | 0 3 | 3", Show(open, 1));
        Assert.Equal("6 7 0 > 7 - 1 | 0 3 | 2", Show(open, 2));
        Assert.Equal("0 1 2 > 1 2 - | 0 3 | 2", Show(new PackedRows(corpus, 3, documentMask: true), 0));
        Assert.Equal("6 7 0 > 7 - 1 | 0 2 3 | 2", Show(new PackedRows(corpus, 3, documentMask: true), 2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(12)]
    [InlineData(25)]
    [InlineData(35)]
    public void Every_token_must_be_an_input_and_a_label_once_a_pass_whatever_the_length(int seqLen)
    {
        int[] documents = [3, 0, 1, 7, 1, 1, 13, 0, 0, 9, 1];
        using var corpus = Open(folder.Pack("a.tokens", documents));
        var total = documents.Sum();
        const int passes = 35;
        foreach (var mask in new[] { false, true })
        {
            var rows = new PackedRows(corpus, seqLen, mask);
            var inputs = new List<int>();
            var labels = new List<int>();
            var starts = new List<long>();
            for (var row = 0L; row < rows.FirstRowOf(passes); row++)
            {
                var (ids, rowLabels, rowStarts, labelled) = Fill(rows, row);
                Assert.Equal(rowLabels.Count(label => label != PackedRows.Ignored), labelled);
                Assert.Equal(0, rowStarts[0]);
                Assert.Equal(seqLen, rowStarts[^1]);
                starts.AddRange(rowStarts[..^1].Select(start => start + inputs.Count));
                inputs.AddRange(ids);
                labels.AddRange(rowLabels);
            }

            // With 36 tokens and 35 passes the last pass may reach into one more; nothing is left out before it.
            Assert.InRange(inputs.Count, passes * total, (passes * total) + seqLen - 1);
            Assert.Equal(Enumerable.Range(0, inputs.Count).Select(i => i % total), inputs);
            var firsts = Enumerable.Range(0, documents.Length).Where(i => documents[i] > 0).Select(i => documents[..i].Sum()).ToHashSet();
            Assert.Equal(Enumerable.Range(1, labels.Count).Select(i => mask && firsts.Contains(i % total) ? PackedRows.Ignored : i % total), labels);
            var expected = Enumerable.Range(0, inputs.Count).Where(i => i % seqLen == 0 || (mask && firsts.Contains(i % total))).Select(i => (long)i);
            Assert.Equal(expected, starts);
        }
    }

    [Fact]
    public void Passes_must_divide_the_rows_without_gap_or_overlap_when_lengths_do_not_fit()
    {
        using var corpus = Open(folder.Pack("a.tokens", 10));
        var rows = new PackedRows(corpus, 4, documentMask: true);
        Assert.Equal([0, 3, 5, 8, 10], Enumerable.Range(0, 5).Select(pass => rows.FirstRowOf(pass)));
        Assert.Equal([0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4], Enumerable.Range(0, 11).Select(row => rows.PassOf(row)));
        var far = 1L << 55;
        Assert.Equal(far, rows.PassOf(rows.FirstRowOf(far)));
        Assert.Equal(far - 1, rows.PassOf(rows.FirstRowOf(far) - 1));
    }

    [Fact]
    public void A_corpus_must_be_refused_by_name_and_number_when_it_is_shorter_than_a_row_and_a_label()
    {
        var path = folder.Pack("a.tokens", 3, 1);
        using var corpus = Open(path);
        Assert.Equal("0 1 2 > 1 2 - | 0 3 | 2", Show(new PackedRows(corpus, 3, documentMask: true), 0));
        Assert.Equal($"{path}: 4 tokens; allowed: 5 and more, one row of seq_len 4 and its last label",
            Assert.Throws<InvalidDataException>(() => new PackedRows(corpus, 4, documentMask: true)).Message);
        using var empty = Open(folder.Pack("empty.tokens"));
        Assert.Equal($"{folder.File("empty.tokens")}: 0 tokens; allowed: 2 and more, one row of seq_len 1 and its last label",
            Assert.Throws<InvalidDataException>(() => new PackedRows(empty, 1, documentMask: true)).Message);
    }

    [Fact]
    public void Filling_must_be_refused_when_the_arrays_do_not_fit()
    {
        using var corpus = Open(folder.Pack("a.tokens", 10));
        var rows = new PackedRows(corpus, 4, documentMask: true);
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Fill(-1, new int[4], new int[4], new long[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Fill(0, new int[3], new int[4], new long[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Fill(0, new int[4], new int[5], new long[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Fill(0, new int[4], new int[4], new long[4]));
    }

    internal static TokenizedCorpus Open(params string[] paths) => TokenizedCorpus.Open(paths, new CorpusOptions(1 << 20, "unused"));

    private static (int[] Ids, int[] Labels, long[] Starts, int Labelled) Fill(PackedRows rows, long row)
    {
        var (ids, labels, starts) = (new int[rows.SeqLen], new int[rows.SeqLen], new long[rows.SeqLen + 1]);
        var (count, labelled) = rows.Fill(row, ids, labels, starts);
        return (ids, labels, starts[..count], labelled);
    }

    private static string Show(PackedRows rows, long row)
    {
        var (ids, labels, starts, labelled) = Fill(rows, row);
        return $"{string.Join(' ', ids)} > {string.Join(' ', labels.Select(label => label == PackedRows.Ignored ? "-" : $"{label}"))} | "
            + $"{string.Join(' ', starts)} | {labelled}";
    }
}
