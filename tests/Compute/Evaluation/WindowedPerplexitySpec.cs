using ActorRing.Compute.Data;
using ActorRing.Compute.Evaluation;
using ActorRing.Compute.Specs.Data;
using ActorRing.Compute.Specs.Inference;
using ActorRing.Compute.Specs.Model;

namespace ActorRing.Compute.Specs.Evaluation;

public sealed class WindowedPerplexitySpec : IDisposable
{
    private readonly DataFolder folder = new();

    public static TheoryData<int, int, bool, bool> Cuts => new()
    {
        { 8, 3, false, true }, { 8, 3, false, false }, { 8, 256, false, true }, { 8, 1, false, true }, { 12, 256, true, true }, { 12, 256, true, false }, { 64, 16, false, true },
    };

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Perplexity_must_equal_a_plain_reference(int length, int stride, bool isTruncated, bool hasBegin)
    {
        using var problem = new InferenceProblem(TinyModels.Llama());
        int[][] documents = [InferenceProblem.Tokens(29), InferenceProblem.Tokens(7)[2..], [5]];
        var windows = new ScoringWindows(length) { Stride = stride, IsTruncated = isTruncated, BeginToken = hasBegin ? 36 : null };
        using var model = problem.Model(new(length, 0) { ChunkTokens = 5 });

        var found = WindowedPerplexity.Of(model, documents, windows, progress: null, default);

        var (sum, count) = Reference(problem, documents, length, stride, isTruncated, hasBegin ? 36 : null);
        Assert.Equal(count, found.Scored);
        Assert.Equal(sum / count, found.MeanNll, sum / count * 1e-5);
        Assert.Equal(Math.Exp(found.MeanNll), found.Perplexity);
    }

    [Fact]
    public void Windows_must_score_every_token_once_and_none_without_a_window_before_it()
    {
        foreach (var (tokens, length, stride) in from tokens in (int[])[1, 7, 8, 9, 30] from length in (int[])[2, 5, 9] from stride in (int[])[1, 4, 100] select (tokens, length, stride))
        {
            var windows = new ScoringWindows(length) { Stride = stride, BeginToken = 0 }.Of(tokens).ToArray();

            Assert.Equal(Enumerable.Range(0, tokens), windows.SelectMany(window => Enumerable.Range(window.FirstScored, window.End - window.FirstScored)));
            Assert.All(windows, window => Assert.InRange(window.End - window.First, 1, length - 1));
        }
    }

    [Theory]
    [InlineData("ring", 2)]
    [InlineData("zigzag", 3)]
    [InlineData("ulysses", 4)]
    [InlineData("usp", 4)]
    public void Perplexity_of_ranks_must_be_that_of_one(string mode, int ranks)
    {
        int[][] documents = [InferenceProblem.Tokens(33), InferenceProblem.Tokens(5)];
        var windows = new ScoringWindows(16) { Stride = 7 };
        using var problem = new InferenceProblem(TinyModels.Llama());
        using var alone = problem.Model(new(16, 0));
        var expected = WindowedPerplexity.Of(alone, documents, windows, progress: null, default);

        InferenceProblem.OnRanks(TinyModels.Llama(), mode, ranks, new(16, 0), (_, model, _) =>
        {
            var found = WindowedPerplexity.Of(model, documents, windows, progress: null, default);
            Assert.Equal(expected.Scored, found.Scored);
            Assert.Equal(expected.Perplexity, found.Perplexity, expected.Perplexity * 1e-5);
        });
    }

    [Fact]
    public void Documents_must_come_one_by_one_without_begin_token_and_short_ones()
    {
        var lines = string.Join('\n', ((string[])["9,1,2", "9", "3", "4,5,6,7", "9,8,8,8"]).Select(ids => $"{{\"input_ids\":[{ids}]}}"));
        using var corpus = TokenizedCorpus.Open([folder.Write("a.jsonl", lines), folder.Pack("p.tokens", 70_000, 0, 2)], new CorpusOptions(100_000, folder.Cache));

        Assert.Equal(
            [[1, 2], [3], [4, 5, 6, 7], [8, 8, 8], [.. Enumerable.Range(0, 70_000)], [70_000, 70_001]],
            new CorpusDocuments(corpus) { BeginToken = 9 }.All());
        Assert.Equal([[9, 1, 2], [4, 5, 6, 7]], new CorpusDocuments(corpus) { MinTokens = 3, Samples = 2 }.All());
    }

    [Fact]
    public void Nothing_to_score_must_be_an_error()
    {
        using var problem = new InferenceProblem(TinyModels.Llama());
        using var model = problem.Model(new(4, 0));

        Assert.Throws<InvalidDataException>(() => WindowedPerplexity.Of(model, [[3]], new(4), progress: null, default));
    }

    // One token at a time, by its definition: in which window is a token first seen, and what does the model that trains say there.
    private static (double Sum, int Count) Reference(InferenceProblem problem, int[][] documents, int length, int stride, bool isTruncated, int? begin)
    {
        var content = begin is null ? length : length - 1;
        var (sum, count) = (0.0, 0);
        foreach (var document in documents)
        {
            var end = isTruncated ? Math.Min(content, document.Length) : document.Length;
            for (var token = 0; token < end; token++)
            {
                var first = 0;
                while (first + content <= token)
                {
                    first += Math.Min(stride, content);
                }

                int[] window = [.. begin is { } id ? (int[])[id] : [], .. document[first..Math.Min(first + content, end)]];
                var at = token - first + (begin is null ? 0 : 1) - 1;
                if (at < 0)
                {
                    continue;
                }

                var row = problem.TrainingLogits(window).AsSpan(at * 37, 37);
                var top = row.ToArray().Max();
                sum += top + Math.Log(row.ToArray().Sum(logit => Math.Exp(logit - top))) - row[document[token]];
                count++;
            }
        }

        return (sum, count);
    }
}
