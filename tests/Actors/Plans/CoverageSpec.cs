using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Plans;

/// <summary>Over many plans drawn from a fixed rngSeed: every visible pair once, every row there in time, every gradient home once.</summary>
public class CoverageSpec
{
    private const int Cases = 1500;

    private static readonly SequenceMode[] Modes =
        [SequenceMode.DataParallel, SequenceMode.Ring, SequenceMode.Zigzag, SequenceMode.Stripe, SequenceMode.DoubleRing];

    [Fact]
    public void Schedule_must_attend_every_visible_pair_exactly_once() => ForAll(planCase =>
    {
        var schedule = AttentionSchedule.Build(planCase.Plan, planCase.Pattern);
        var (pattern, layout) = (planCase.Pattern, schedule.RingLayout);
        foreach (var pass in Enum.GetValues<SchedulePass>())
        {
            var seen = new int[pattern.Batch, pattern.Tokens, pattern.Tokens];
            for (var rank = 0; rank < planCase.Plan.Mesh.Context; rank++)
            {
                foreach (var call in schedule.ForRank(new(rank)).Steps(pass).SelectMany(step => step.Calls))
                {
                    Assert.Equal(call.Queries.Start, layout.PositionOf(call.QueryBlock.Index, call.QueryFirst));
                    Assert.Equal(call.Keys.Start, layout.PositionOf(call.KeyBlock.Index, call.KeyFirst));
                    var pairs = 0L;
                    foreach (var (b, q, k) in Pairs(call).Where(pair => Sees(pattern, pair)))
                    {
                        seen[b, q, k]++;
                        pairs++;
                    }

                    Assert.True(pairs > 0, planCase.Name);
                    Assert.Equal(pairs, schedule.VisiblePairs(call));
                }
            }

            for (var b = 0; b < pattern.Batch; b++)
            {
                for (var q = 0L; q < pattern.Tokens; q++)
                {
                    for (var k = 0L; k < pattern.Tokens; k++)
                    {
                        Assert.True(seen[b, q, k] == (Sees(pattern, (b, q, k)) ? 1 : 0), $"{planCase.Name}: pair ({b}, {q}, {k}) attended {seen[b, q, k]} times");
                    }
                }
            }
        }
    });

    private static IEnumerable<(int Sequence, long Query, long Key)> Pairs(BlockCall call) =>
        from b in Enumerable.Range(call.FirstSequence, call.SequenceCount)
        from i in Enumerable.Range(0, (int)call.Queries.Count)
        from j in Enumerable.Range(0, (int)call.Keys.Count)
        select (b, call.Queries.At(i), call.Keys.At(j));

    // Written from the header's rule, token by token.
    private static bool Sees(AttentionPattern pattern, (int Sequence, long Query, long Key) pair)
    {
        var starts = pattern.Groups.Single(group => pair.Sequence >= group.First && pair.Sequence < group.First + group.Count).DocumentStarts;
        long document = starts.Last(start => start <= pair.Query), other = starts.Last(start => start <= pair.Key);
        return document == other
            && (!pattern.IsCausal || pair.Key <= pair.Query)
            && (pattern.Window == 0 || pair.Key > pair.Query - pattern.Window || pair.Key < document + pattern.Sink);
    }

    private static void ForAll(Action<PlanCase> check)
    {
        for (var rngSeed = 0; rngSeed < Cases; rngSeed++)
        {
            var planCase = PlanCases.Draw(rngSeed, Modes);
            try
            {
                check(planCase);
            }
            catch (Exception failure)
            {
                Assert.Fail($"rngSeed {rngSeed}: {planCase.Name}\n{failure.Message}\n{failure.StackTrace}");
            }
        }
    }
}
