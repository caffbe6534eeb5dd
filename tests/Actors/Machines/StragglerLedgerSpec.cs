using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Machines;

/// <summary>Who is named for being slow. Work is own time; what is left of an update was waited for.</summary>
public class StragglerLedgerSpec
{
    private const int Ranks = 4;

    [Fact]
    public void Rank_must_be_named_within_ten_updates_when_it_gets_a_quarter_of_its_time()
    {
        var ledger = Healthy(Even(), updates: 30);
        var (at, changes) = Until(ledger, rank => rank == 2 ? 400 : 100, update => update.Count > 0);
        Assert.InRange(at, 1, 10);
        var named = Assert.Single(changes);
        Assert.Equal((2, true, 100), (named.Rank.Index, named.IsSlow, named.Before.TotalMilliseconds));
        Assert.InRange(named.Times, 2, 4.01);
        Assert.Equal([0, 0, named.Times, 0], Enumerable.Range(0, Ranks).Select(ledger.TimesOf));
    }

    [Fact]
    public void Rank_must_be_named_once_and_cleared_once()
    {
        var ledger = Healthy(Even(), updates: 30);
        var changes = Take(ledger, 500, rank => rank == 1 ? 400 : 100);
        changes.AddRange(Take(ledger, 500, _ => 100));
        Assert.Equal([(1, true), (1, false)], changes.Select(change => (change.Rank.Index, change.IsSlow)));
        Assert.Equal(0, ledger.TimesOf(1));
    }

    // The others wait for the slow one: their updates take as long, their work does not.
    [Fact]
    public void Nobody_that_waits_must_be_named_when_its_work_takes_longer_but_most_of_its_time_is_waiting()
    {
        var ledger = Healthy(Even(), updates: 30);
        Assert.Equal([2], Take(ledger, 60, rank => rank == 2 ? 1_000 : rank == 0 ? 300 : 100).Select(change => change.Rank.Index));
    }

    [Fact]
    public void Nobody_must_be_named_when_all_of_them_become_slower_or_faster_together()
    {
        var ledger = Healthy(Even(), updates: 30);
        Assert.Empty(Take(ledger, 60, _ => 500));
        Assert.Empty(Take(ledger, 60, _ => 100));
    }

    // One half of the ring becomes faster, which makes nobody slow.
    [Fact]
    public void Nobody_must_be_named_when_its_work_takes_what_it_always_took()
    {
        var ledger = Healthy(Even(), updates: 30, rank => rank < 2 ? 120 : 100);
        Assert.Empty(Take(ledger, 200, rank => rank == 0 ? 120 : 60));
    }

    [Fact]
    public void Nobody_must_be_named_when_the_plan_gives_ranks_unequal_work()
    {
        var ledger = new StragglerLedger(Ranks, Contiguous());
        Assert.Empty(Take(ledger, 500, rank => 100 * ((2 * rank) + 1)));
        Assert.Equal([1], Take(ledger, 60, rank => 100 * ((2 * rank) + 1) * (rank == 1 ? 4 : 1)).Select(change => change.Rank.Index));
    }

    [Fact]
    public void Nobody_must_be_named_for_three_pauses_in_eight_updates_however_long()
    {
        Assert.Empty(Pauses(3));
        Assert.Equal(3, Assert.Single(Pauses(5)).Rank.Index);

        static List<StragglerChange> Pauses(int inEight)
        {
            var ledger = Healthy(Even(), updates: 30);
            return [.. Enumerable.Range(0, 200).SelectMany(update => Take(ledger, 1, rank => rank == 3 && update % 8 < inEight ? 5_000 : 100))];
        }
    }

    [Fact]
    public void Rank_must_be_named_when_it_was_slow_from_the_first_update_on()
    {
        var (at, changes) = Until(Even(), rank => rank == 3 ? 400 : 100, update => update.Count > 0);
        Assert.InRange(at, 1, 11); // the first one counts for nobody
        Assert.Equal(3, Assert.Single(changes).Rank.Index);
        var ledger = Even();
        Take(ledger, 60, rank => rank == 3 ? 400 : 100);
        Assert.Equal([(3, false)], Take(ledger, 60, _ => 100).Select(change => (change.Rank.Index, change.IsSlow)));
    }

    // Contiguous, causal: the last rank sees seven times as many pairs as the first and may take 7/3 of the time of most; less than that is the plan.
    [Fact]
    public void Rank_that_was_slow_from_the_first_update_on_must_be_held_against_what_the_plan_gives_it()
    {
        Assert.Empty(Take(new StragglerLedger(Ranks, Contiguous()), 60, rank => rank == 3 ? 400 : 100));
        Assert.Equal([3], Take(new StragglerLedger(Ranks, Contiguous()), 60, rank => rank == 3 ? 700 : 100).Select(change => change.Rank.Index));
        Assert.Equal([0], Take(new StragglerLedger(Ranks, Contiguous()), 60, rank => rank == 0 ? 400 : 100).Select(change => change.Rank.Index));
    }

    [Fact]
    public void Ledger_must_begin_anew_when_a_stage_has_other_rows()
    {
        var ledger = Healthy(Even(), updates: 30);
        Assert.Empty(Take(ledger, 60, rank => rank == 0 ? 900 : 500, tokens: 640));
        Assert.Equal([1], Take(ledger, 60, rank => rank == 0 ? 900 : rank == 1 ? 2_500 : 500, tokens: 640).Select(change => change.Rank.Index));
    }

    // Two milliseconds an update: eight of them say little about a machine.
    [Fact]
    public void Rank_must_not_be_named_before_a_quarter_of_a_second_has_passed()
    {
        var ledger = Healthy(Even(), updates: 300, _ => 2);
        var (at, _) = Until(ledger, rank => rank == 2 ? 8 : 2, update => update.Count > 0);
        Assert.InRange(at, 16, 60);
    }

    [Fact]
    public void Ledger_must_name_nobody_when_there_is_one_rank() => Assert.Empty(Take(new StragglerLedger(1, Plan("ring", 1)), 60, _ => 100, ranks: 1));

    [Fact]
    public void Slow_rank_of_two_must_be_named_and_not_the_other()
    {
        var ledger = new StragglerLedger(2, Plan("zigzag", 2));
        Assert.Empty(Take(ledger, 30, _ => 100, ranks: 2));
        Assert.Equal([0], Take(ledger, 60, rank => rank == 0 ? 400 : 100, ranks: 2).Select(change => change.Rank.Index));
    }

    [Theory]
    [InlineData("zigzag", new[] { 1.0, 1, 1, 1 })]
    [InlineData("ring", new[] { 1.0, 1, 5 / 3.0, 7 / 3.0 })]
    [InlineData("ulysses", new[] { 1.0, 1, 1, 1 })]
    public void Plan_must_say_how_much_longer_than_most_a_rank_may_take(string mode, double[] times) =>
        Assert.All(PlannedWork.MostOf(Plan(mode, Ranks)).Zip(times), pair => Assert.Equal(pair.Second, pair.First, 0.02));

    private static StragglerLedger Even() => new(Ranks, Plan("zigzag", Ranks));

    private static PreparedPlan Contiguous() => Plan("ring", Ranks);

    private static PreparedPlan Plan(string mode, int ranks) =>
        new(new PlanRequest { Mode = mode, Ranks = ranks, Tokens = 256L * ranks, QueryHeads = 4, KeyHeads = 4, HeadSize = 16, LayerWindows = [0, 0] }.Resolve());

    private static StragglerLedger Healthy(StragglerLedger ledger, int updates, Func<int, int>? milliseconds = null)
    {
        Assert.Empty(Take(ledger, updates, milliseconds ?? (_ => 100)));
        return ledger;
    }

    private static List<StragglerChange> Take(StragglerLedger ledger, int updates, Func<int, int> milliseconds, long tokens = 64, int ranks = Ranks)
    {
        List<StragglerChange> changes = [];
        for (var update = 0; update < updates; update++)
        {
            var works = Enumerable.Range(0, ranks).Select(milliseconds).ToArray();
            var elapsed = TimeSpan.FromMilliseconds(works.Max());
            changes.AddRange(ledger.Take([.. works.Select(work => new StepReport(1, 1, tokens, elapsed, 0, elapsed - TimeSpan.FromMilliseconds(work)))]));
        }

        return changes;
    }

    private static (int Updates, List<StragglerChange> Changes) Until(StragglerLedger ledger, Func<int, int> milliseconds, Func<List<StragglerChange>, bool> isSo)
    {
        for (var update = 1; update <= 100; update++)
        {
            if (Take(ledger, 1, milliseconds) is var changes && isSo(changes))
            {
                return (update, changes);
            }
        }

        return (int.MaxValue, []);
    }
}
