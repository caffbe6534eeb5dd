using ActorRing.Actors.Plans;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.SequenceParallel;

/// <summary>Every mode on several ranks against one rank alone.</summary>
public class PlannedAttentionSpec
{
    private static readonly string[] Modes = ["ring", "zigzag", "stripe", "double-ring", "lightseq", "all-gather", "ulysses", "usp"];

    public static TheoryData<string, int, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, string>();
            foreach (var mode in Modes)
            {
                foreach (var ranks in (int[])[1, 2, 3, 4, 8])
                {
                    foreach (var name in Patterns.Keys)
                    {
                        cases.Add(mode, ranks, name);
                    }
                }
            }

            return cases;
        }
    }

    private static Dictionary<string, (int Batch, int Tokens, int N, int K, long Window, long Sink, long[]?[] Documents)> Patterns { get; } = new()
    {
        ["causal, grouped heads"] = (1, 101, 8, 2, 0, 0, [null]),
        ["one KV head, batch of two"] = (2, 64, 8, 1, 0, 0, [null, null]),
        ["documents"] = (2, 97, 8, 4, 0, 0, [[0, 5, 6, 41, 80], null]),
        ["window and sink"] = (1, 120, 8, 8, 17, 3, [null]),
        ["documents, window, sink"] = (2, 90, 8, 2, 11, 2, [[0, 33], [0, 7, 50]]),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Attention_of_several_ranks_must_equal_that_of_one(string mode, int ranks, string pattern)
    {
        var run = new AttentionRun(Plan(mode, ranks, pattern), Patterns[pattern].Documents);

        var alone = run.Alone();
        var together = run.Together(new MemoryLinks(ranks).Of);

        Assert.InRange(alone.OutError(together), 0, 1e-5);
        Assert.InRange(alone.GradientError(together), 0, 1e-4);
    }

    private static SequenceParallelPlan Plan(string mode, int ranks, string pattern)
    {
        var (batch, tokens, n, k, window, sink, _) = Patterns[pattern];
        return new PlanRequest
        {
            Mode = mode,
            Ranks = ranks,
            Tokens = tokens,
            Batch = batch,
            QueryHeads = n,
            KeyHeads = k,
            HeadSize = 32,
            LayerWindows = [window],
            Sink = sink,
        }.Resolve();
    }
}
