using ActorRing.Actors.Plans;
using ActorRing.Actors.Specs.Plans;

namespace ActorRing.Actors.Specs.Interpreter;

/// <summary>Every mode, carried out rank by rank in float64, equals attention over the whole sequence: out, lse and all gradients.</summary>
public class ExactnessSpec
{
    // float64 sums of up to a few hundred terms of order one, in another order.
    private const double Tolerance = 1e-12;

    public static TheoryData<string, int, int> Grid
    {
        get
        {
            var data = new TheoryData<string, int, int>();
            // All but the first, in which ranks share no sequence.
            foreach (var mode in SequenceModes.Spellings.Skip(1))
            {
                foreach (var ranks in new[] { 1, 2, 3, 4, 8 })
                {
                    data.Add(mode, ranks, 2);
                    data.Add(mode, ranks, 1);
                }
            }

            data.Add("data_parallel", 1, 2);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Grid))]
    public void Schedule_must_equal_full_attention_when_carried_out_in_float64(string mode, int ranks, int keyHeads)
    {
        foreach (var (name, pattern) in Patterns(mode))
        {
            var request = new PlanRequest
            {
                Mode = mode, Ranks = ranks, Tokens = pattern.Tokens, Batch = pattern.Batch, QueryHeads = 8, KeyHeads = keyHeads, HeadSize = 4,
                LayerWindows = [pattern.Window], Sink = 2, IsCausal = pattern.IsCausal,
            };
            var schedule = AttentionSchedule.Build(request.Resolve(), pattern);
            var error = ScheduleRun.Error(schedule, rngSeed: 11);
            Assert.True(error <= Tolerance, $"{name}: {error:E2}");
        }
    }

    [Fact]
    public void Schedule_must_equal_full_attention_when_drawn_at_random()
    {
        for (var rngSeed = 0; rngSeed < 300; rngSeed++)
        {
            var drawn = PlanCases.Draw(rngSeed, Enum.GetValues<SequenceMode>());
            var error = ScheduleRun.Error(AttentionSchedule.Build(drawn.Plan, drawn.Pattern), rngSeed);
            Assert.True(error <= Tolerance, $"rngSeed {rngSeed}: {drawn.Name}: {error:E2}");
        }
    }

    private static IEnumerable<(string Name, AttentionPattern Pattern)> Patterns(string mode)
    {
        var causal = AttentionPattern.Create(37, 2);
        yield return ("causal", causal);
        yield return ("window and sink", AttentionPattern.Create(37, 2, window: 7, sink: 2));
        ReadOnlyMemory<long> one = new long[] { 0, 5, 6, 21, 30 }, other = new long[] { 0, 17 };
        yield return ("documents", causal.WithDocuments([one, other]));
        yield return ("documents, window and sink", AttentionPattern.Create(37, 2, window: 5, sink: 2).WithDocuments([one, one]));
        if (mode != "lightseq")
        {
            yield return ("not causal", AttentionPattern.Create(37, 2, isCausal: false));
        }
    }
}
