using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Actors.Specs.Interpreter;

namespace ActorRing.Actors.Specs.Plans;

/// <summary>Over many plans of all modes drawn from a fixed rngSeed: every visible pair once, no row sent that nobody sees, every gradient home once.</summary>
public class CoverageSpec
{
    private const int Cases = 1200;

    [Fact]
    public void Schedule_must_attend_every_visible_pair_exactly_once() => ForAll((drawn, schedule) =>
    {
        var (pattern, layout) = (drawn.Pattern, schedule.RingLayout);
        foreach (var pass in Enum.GetValues<SchedulePass>())
        {
            var seen = new int[pattern.Batch, pattern.Tokens, pattern.Tokens];
            foreach (var call in RingViews(schedule).SelectMany(view => view.Steps(pass)).SelectMany(step => step.Calls))
            {
                Assert.Equal(call.Queries.Start, layout.PositionOf(call.QueryBlock.Index, call.QueryFirst));
                Assert.Equal(call.Keys.Start, layout.PositionOf(call.KeyBlock.Index, call.KeyFirst));
                var pairs = 0L;
                foreach (var (b, q, k) in Pairs(call).Where(pair => AttentionProblem.Sees(pattern, pair.Sequence, pair.Query, pair.Key)))
                {
                    seen[b, q, k]++;
                    pairs++;
                }

                Assert.True(pairs > 0, "a call in which nothing is visible");
                Assert.Equal(pairs, schedule.VisiblePairs(call));
            }

            for (var b = 0; b < pattern.Batch; b++)
            {
                for (var q = 0L; q < pattern.Tokens; q++)
                {
                    for (var k = 0L; k < pattern.Tokens; k++)
                    {
                        Assert.True(seen[b, q, k] == (AttentionProblem.Sees(pattern, b, q, k) ? 1 : 0), $"pair ({b}, {q}, {k}) attended {seen[b, q, k]} times");
                    }
                }
            }
        }
    });

    [Fact]
    public void Visibility_must_agree_with_its_definition_token_by_token() => ForAll((drawn, schedule) =>
    {
        foreach (var sequences in drawn.Pattern.Groups)
        {
            foreach (var queries in schedule.RingLayout.Runs(0))
            {
                foreach (var keys in schedule.RingLayout.Runs(schedule.RingLayout.Shares - 1))
                {
                    foreach (var (q, k) in new[] { (queries, keys), (keys, queries), (keys, keys) })
                    {
                        var pairs = (from i in Enumerable.Range(0, (int)q.Count)
                                     from j in Enumerable.Range(0, (int)k.Count)
                                     where AttentionProblem.Sees(drawn.Pattern, sequences.First, q.At(i), k.At(j))
                                     select (i, j)).ToArray();
                        Assert.All(pairs, pair => Assert.True(Visibility.Sees(drawn.Pattern, sequences, q.At(pair.i), k.At(pair.j))));
                        Assert.Equal(pairs.Length, Visibility.VisiblePairs(drawn.Pattern, sequences, q, k));
                        var seeing = Visibility.VisibleQueries(drawn.Pattern, sequences, q, k);
                        Assert.Equal(pairs.Length == 0 ? default : RowRange.Between(pairs.Min(pair => pair.i), pairs.Max(pair => pair.i) + 1), seeing);
                        var (near, sinks) = Visibility.VisibleKeys(drawn.Pattern, sequences, q, k);
                        Assert.Equal(pairs.Select(pair => pair.j).DefaultIfEmpty(0).Min(), Ends(near, sinks).DefaultIfEmpty(0).Min());
                        Assert.Equal(pairs.Select(pair => pair.j).DefaultIfEmpty(0).Max(), Ends(near, sinks).DefaultIfEmpty(0).Max());
                        Assert.All(pairs, pair => Assert.True(Holds(near, pair.j) != Holds(sinks, pair.j)));
                    }
                }
            }
        }
    });

    [Fact]
    public void Transfer_must_be_listed_alike_by_sender_and_receiver() => ForAll((drawn, schedule) =>
    {
        var views = AllViews(schedule);
        foreach (var pass in Enum.GetValues<SchedulePass>())
        {
            var sent = views.SelectMany(view => Sent(view, pass)).Select(transfer => transfer.ToString()).ToArray();
            var received = views.SelectMany(view => Received(view, pass)).Select(transfer => transfer.ToString()).ToArray();
            Assert.Equal(sent.Order(StringComparer.Ordinal), received.Order(StringComparer.Ordinal));
            Assert.Equal(sent.Distinct().Count(), sent.Length);
            Assert.Equal(sent, schedule.Transfers(pass).Select(transfer => transfer.ToString()));
            foreach (var view in views)
            {
                Assert.Equal(new Traffic(Sent(view, pass).Sum(transfer => transfer.Bytes), Sent(view, pass).Count()), schedule.Sent(view.Rank, pass));
            }
        }
    });

    [Fact]
    public void Transfer_must_carry_nothing_that_no_receiver_on_its_way_needs() => ForAll((drawn, schedule) =>
    {
        foreach (var hop in schedule.Transfers(SchedulePass.Forward).Where(transfer => transfer.Payload is Payload.KeyValue or Payload.Query))
        {
            foreach (var slice in hop.Rows.Slices)
            {
                // The first and the last row of every slice: it cannot be cut any shorter.
                Assert.True(IsNeeded(schedule, hop, slice.FirstSequence, slice.First), $"first of {slice} in {hop}");
                Assert.True(IsNeeded(schedule, hop, slice.FirstSequence, slice.End - 1), $"last of {slice} in {hop}");
            }
        }
    });

    [Fact]
    public void Gradient_must_come_home_exactly_once_from_everybody_who_computes_a_part() => ForAll((drawn, schedule) =>
    {
        var views = RingViews(schedule);

        // Who has added to which row of which block, as it stands on each rank.
        var sums = views.Select(_ => new SortedDictionary<(int Block, int Sequence, long Row), List<int>>()).ToArray();
        var underWay = new Dictionary<string, List<((int Block, int Sequence, long Row) At, int Contributor)>>();
        for (var step = 0; step <= schedule.StepCount; step++)
        {
            foreach (var (view, now) in views.SelectMany(view => view.Backward.Where(now => now.Step.Index == step).Select(now => (view, now))).ToArray())
            {
                var mine = sums[view.Block.Index];
                var computed = now.Calls.SelectMany(call => SeenRows(drawn.Pattern, call).Select(at => (at, call.QueryBlock.Index)));
                foreach (var (at, queryBlock) in computed.Distinct())
                {
                    Add(mine, at, queryBlock);
                }

                foreach (var merge in now.Merges.Where(merge => merge.Payload == Payload.KeyValueGradient))
                {
                    Assert.True(underWay.Remove(merge.ToString(), out var parts));
                    parts.ForEach(part => Add(mine, part.At, part.Contributor));
                }

                foreach (var result in now.Results.Where(result => result.Payload == Payload.KeyValueGradient))
                {
                    var leaving = mine
                        .Where(entry => entry.Key.Block == result.Origin.Index && result.Rows.Contains(entry.Key.Sequence, entry.Key.Row)).ToArray();
                    underWay.Add(result.ToString(), [.. leaving.SelectMany(entry => entry.Value.Select(contributor => (entry.Key, contributor)))]);
                    foreach (var (at, _) in leaving)
                    {
                        mine.Remove(at);
                    }
                }
            }
        }

        Assert.Empty(underWay);
        foreach (var view in views)
        {
            var home = from entry in sums[view.Block.Index]
                       from queryBlock in entry.Value
                       select (entry.Key.Block, entry.Key.Sequence, entry.Key.Row, queryBlock);
            Assert.Equal(Parts(drawn.Pattern, schedule.RingLayout, view.Block.Index), home.Order());
        }
    });

    [Fact]
    public void Schedule_must_be_the_same_when_built_again()
    {
        ForAll((drawn, schedule) =>
        {
            var again = AttentionSchedule.Build(drawn.Plan with { }, drawn.Pattern);
            foreach (var pass in Enum.GetValues<SchedulePass>())
            {
                Assert.Equal(schedule.Transfers(pass).Select(transfer => transfer.ToString()), again.Transfers(pass).Select(transfer => transfer.ToString()));
                Assert.Equal(Calls(schedule, pass), Calls(again, pass));
            }
        });
    }

    private static void Add(SortedDictionary<(int Block, int Sequence, long Row), List<int>> sums, (int Block, int Sequence, long Row) at, int contributor)
    {
        if (!sums.TryGetValue(at, out var contributors))
        {
            sums[at] = contributors = [];
        }

        contributors.Add(contributor);
    }

    // Blocks whose queries see a row, token by token: each of them has a part in its gradient.
    private static IEnumerable<(int Block, int Sequence, long Row, int QueryBlock)> Parts(AttentionPattern pattern, TokenLayout layout, int block) =>
        from sequence in Enumerable.Range(0, pattern.Batch)
        from row in Enumerable.Range(0, (int)layout.Count(block))
        from queryBlock in Enumerable.Range(0, layout.Shares)
        let position = layout.PositionOf(block, row)
        let queries = Enumerable.Range(0, (int)layout.Count(queryBlock)).Select(query => layout.PositionOf(queryBlock, query))
        where queries.Any(query => AttentionProblem.Sees(pattern, sequence, query, position))
        select (block, sequence, (long)row, queryBlock);

    private static IEnumerable<(int Block, int Sequence, long Row)> SeenRows(AttentionPattern pattern, BlockCall call) =>
        Pairs(call).Where(pair => AttentionProblem.Sees(pattern, pair.Sequence, pair.Query, pair.Key))
            .Select(pair => (call.KeyBlock.Index, pair.Sequence, call.KeyFirst + ((pair.Key - call.Keys.Start) / call.Keys.Step))).Distinct();

    // Followed from hop to hop: the receiver, or whoever gets the row through it, has a call in which somebody sees it (or in which this query sees somebody).
    private static bool IsNeeded(AttentionSchedule schedule, Transfer hop, int sequence, long row)
    {
        var position = schedule.RingLayout.PositionOf(hop.Origin.Index, row);
        var view = schedule.ForRank(hop.To);
        var calls = view.Forward.Where(step => step.Step == hop.Step).SelectMany(step => step.Calls)
            .Where(call => (hop.Payload == Payload.KeyValue ? call.KeyBlock : call.QueryBlock) == hop.Origin);
        var sees = calls.SelectMany(Pairs).Any(pair => pair.Sequence == sequence && (hop.Payload == Payload.KeyValue ? pair.Key : pair.Query) == position
            && AttentionProblem.Sees(schedule.Pattern, sequence, pair.Query, pair.Key));
        return sees || view.Forward.SelectMany(step => step.Departures)
            .Where(next => next.Origin == hop.Origin && next.Payload == hop.Payload && next.Origin != view.Block)
            .Any(next => next.Rows.Contains(sequence, row) && IsNeeded(schedule, next, sequence, row));
    }

    private static IEnumerable<(int Sequence, long Query, long Key)> Pairs(BlockCall call) =>
        from b in Enumerable.Range(call.FirstSequence, call.SequenceCount)
        from i in Enumerable.Range(0, (int)call.Queries.Count)
        from j in Enumerable.Range(0, (int)call.Keys.Count)
        select (b, call.Queries.At(i), call.Keys.At(j));

    private static IEnumerable<int> Ends(params RowRange[] ranges) =>
        ranges.Where(range => range.Count > 0).SelectMany(range => new[] { (int)range.First, (int)range.End - 1 });

    private static bool Holds(RowRange range, long row) => row >= range.First && row < range.End;

    private static IEnumerable<BlockCall> Calls(AttentionSchedule schedule, SchedulePass pass) =>
        AllViews(schedule).SelectMany(view => view.Steps(pass)).SelectMany(step => step.Calls);

    private static RankSchedule[] AllViews(AttentionSchedule schedule) =>
        [.. Enumerable.Range(0, schedule.Plan.Mesh.SequenceRanks).Select(rank => schedule.ForRank(new(rank)))];

    // One rank of each head group: the others have the same calls for other heads.
    private static RankSchedule[] RingViews(AttentionSchedule schedule) =>
        [.. Enumerable.Range(0, schedule.Plan.Mesh.Context).Select(ring => schedule.ForRank(schedule.Plan.Mesh.SequenceRankAt(new RingRank(ring), 0)))];

    private static IEnumerable<Transfer> Sent(RankSchedule view, SchedulePass pass) =>
        (view.Exchange?.Before(pass).Sends ?? [])
            .Concat(view.Steps(pass).SelectMany(step => step.Departures.Concat(step.Results)))
            .Concat(view.Exchange?.After(pass).Sends ?? []);

    private static IEnumerable<Transfer> Received(RankSchedule view, SchedulePass pass) =>
        (view.Exchange?.Before(pass).Receives ?? [])
            .Concat(view.Steps(pass).SelectMany(step => step.Arrivals.Concat(step.Merges)))
            .Concat(view.Exchange?.After(pass).Receives ?? []);

    private static void ForAll(Action<PlanCase, AttentionSchedule> check)
    {
        for (var rngSeed = 0; rngSeed < Cases; rngSeed++)
        {
            var drawn = PlanCases.Draw(rngSeed, Enum.GetValues<SequenceMode>());
            try
            {
                check(drawn, AttentionSchedule.Build(drawn.Plan, drawn.Pattern));
            }
            catch (Exception failure)
            {
                Assert.Fail($"rngSeed {rngSeed}: {drawn.Name}\n{failure.Message}\n{failure.StackTrace}");
            }
        }
    }
}
