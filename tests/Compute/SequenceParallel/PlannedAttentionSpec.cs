using ActorRing.Actors.Plans;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.SequenceParallel;

/// <summary>Every mode on several ranks against one rank alone.</summary>
public class PlannedAttentionSpec
{
    // All but the first, in which ranks share no sequence.
    private static readonly string[] Modes = [.. SequenceModes.Spellings.Skip(1)];

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

    public static TheoryData<string, int, string> LentCases
    {
        get
        {
            var cases = new TheoryData<string, int, string>();
            foreach (var mode in Modes)
            {
                foreach (var ranks in (int[])[2, 3, 4, 8])
                {
                    cases.Add(mode, ranks, "causal, grouped heads");
                    cases.Add(mode, ranks, "documents, window, sink");
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
        var run = new AttentionTrial(Plan(mode, ranks, pattern), Patterns[pattern].Documents);

        var alone = TrialThreads.Alone(run);
        var (together, counters) = TrialThreads.Together(run);

        Assert.InRange(alone.OutError(together), 0, 1e-5);
        Assert.InRange(alone.GradientError(together), 0, 1e-4);
        Assert.Equal(Planned(run), [.. counters.Select(counter => (counter.SentBytes, counter.Operations))]);
    }

    [Theory]
    [MemberData(nameof(LentCases))]
    public void Attention_must_be_bit_equal_and_move_what_is_planned_when_blocks_are_lent_instead_of_copied(string mode, int ranks, string pattern)
    {
        var run = new AttentionTrial(Plan(mode, ranks, pattern), Patterns[pattern].Documents);

        var (copied, _) = TrialThreads.Together(run);
        var (lent, counters) = TrialThreads.Together(run, TransportKind.SharedMemory);

        Assert.Equal((0.0, 0.0), (copied.OutError(lent), copied.GradientError(lent)));
        Assert.Equal(Planned(run), [.. counters.Select(counter => (counter.SentBytes, counter.Operations))]);
    }

    [Theory]
    [InlineData("zigzag")]
    [InlineData("usp")]
    [InlineData("all-gather")]
    [InlineData("lightseq")]
    public void Attention_in_bfloat16_must_equal_that_of_one_rank_but_for_rounding(string mode)
    {
        var plan = Request(mode, 4, "documents") with { ComputeFormat = ElementFormat.BFloat16 };
        var run = new AttentionTrial(plan.Resolve(), Patterns["documents"].Documents, ElementType.BFloat16);

        Assert.InRange(TrialThreads.Alone(run).GradientError(TrialThreads.Together(run).Results), 0, 2e-2);
    }

    [Fact]
    public void Error_of_float32_sums_must_stay_flat_as_ranks_are_added_while_that_of_a_bfloat16_wire_grows()
    {
        double Error(int ranks, ElementFormat wire)
        {
            var plan = Request("zigzag", ranks, "causal, grouped heads") with { Tokens = 256, GradientFormat = wire };
            var run = new AttentionTrial(plan.Resolve(), [null]);
            return AttentionResults.Error(TrialThreads.Alone(run).Dk, TrialThreads.Together(run).Results.Dk);
        }

        var exact = new[] { 2, 4, 8, 16, 32 }.Select(ranks => Error(ranks, ElementFormat.Float32)).ToArray();
        var rounded = new[] { 2, 4, 8, 16, 32 }.Select(ranks => Error(ranks, ElementFormat.BFloat16)).ToArray();

        Assert.All(exact, error => Assert.InRange(error, 0, 4e-6));
        Assert.True(rounded[^1] > 2 * rounded[0] && rounded[0] > 1e-4, string.Join(' ', rounded));
    }

    [Theory]
    [InlineData(ElementFormat.BFloat16, true)]
    [InlineData(ElementFormat.Float32, true)]
    public void Exchanged_heads_may_stay_from_forward_to_backward(ElementFormat keyValue, bool keeps)
    {
        var plan = Request("usp", 4, "causal, grouped heads") with { KvFormat = keyValue, KeepsExchanged = keeps };
        var run = new AttentionTrial(plan.Resolve(), [null]);

        Assert.InRange(TrialThreads.Alone(run).GradientError(TrialThreads.Together(run).Results), 0, keyValue == ElementFormat.Float32 ? 1e-4 : 2e-2);
    }

    // What each rank's two communicators must have counted: bytes sent, and sends and receives started.
    private static List<(long Bytes, long Operations)> Planned(AttentionTrial run)
    {
        var pattern = run.Plan.Pattern(0).WithDocuments([.. run.Documents.Select(starts => new ReadOnlyMemory<long>(starts ?? [0]))]);
        var schedule = AttentionSchedule.Build(run.Plan, pattern);
        Transfer[] all = [.. schedule.Transfers(SchedulePass.Forward), .. schedule.Transfers(SchedulePass.Backward)];
        var planned = new List<(long, long)>();
        for (var rank = 0; rank < run.Plan.Mesh.SequenceRanks; rank++)
        {
            foreach (var results in (bool[])[false, true])
            {
                var here = all.Where(transfer => IsResult(transfer.Payload) == results && (transfer.From.Index == rank || transfer.To.Index == rank)).ToArray();
                planned.Add((AttentionTrial.Passes * here.Where(transfer => transfer.From.Index == rank).Sum(transfer => transfer.Bytes), AttentionTrial.Passes * here.Length));
            }
        }

        return planned;
    }

    private static bool IsResult(Payload payload) => payload is Payload.KeyValueGradient or Payload.PartialOutput or Payload.QueryGradient;

    private static SequenceParallelPlan Plan(string mode, int ranks, string pattern) => Request(mode, ranks, pattern).Resolve();

    private static PlanRequest Request(string mode, int ranks, string pattern)
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
        };
    }
}
