using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Plans;

/// <summary>Bytes and hops against closed forms; S = 96, N = 4, K = 2, H = 8, float32 throughout, n = S / P.</summary>
public class TrafficSpec
{
    private const long Tokens = 96;
    private const int QueryHeads = 4;
    private const int KeyHeads = 2;
    private const int HeadSize = 8;

    [Theory]
    [InlineData("ring", 4)]
    [InlineData("zigzag", 4)]
    [InlineData("zigzag", 3)]
    [InlineData("stripe", 8)]
    [InlineData("double-ring", 8)]
    [InlineData("all-gather", 4)]
    public void Rank_must_send_a_block_to_each_other_rank_and_a_gradient_for_each_when_nothing_is_hidden(string mode, int ranks)
    {
        var schedule = Schedule(mode, ranks, isCausal: false);
        var block = 2 * (Tokens / ranks) * KeyHeads * HeadSize * sizeof(float);
        foreach (var rank in schedule.Plan.Mesh.SequenceGroups().Groups[0].Select(rank => new Ids.SequenceRank(rank.Index)))
        {
            Assert.Equal(new Traffic((ranks - 1) * block, ranks - 1), schedule.Sent(rank, SchedulePass.Forward));
            Assert.Equal(new Traffic(2 * (ranks - 1) * block, 2 * (ranks - 1)), schedule.Sent(rank, SchedulePass.Backward));
        }
    }

    [Theory]
    [InlineData(8, 4)]
    [InlineData(8, 2)]
    [InlineData(6, 3)]
    public void Double_ring_must_cross_windows_with_one_block_less_than_windows(int ranks, int window)
    {
        var schedule = Schedule("double-ring", ranks, isCausal: false, window);
        var hops = schedule.Transfers(SchedulePass.Forward);
        foreach (var rank in Enumerable.Range(0, ranks))
        {
            var own = hops.Where(hop => hop.From.Index == rank).ToArray();
            var outer = own.Where(hop => hop.To.Index / window != rank / window).ToArray();
            Assert.Equal((ranks / window) - 1, outer.Length);
            Assert.All(outer, hop => Assert.Equal(rank % window, hop.To.Index % window));
            Assert.Equal(ranks / window * (window - 1), own.Length - outer.Length);

            // The outer hop leaves when the window begins, a whole inner ring before it is needed.
            Assert.All(outer, hop => Assert.Equal(window, hop.Step.Index - hop.SendStep.Index));
            Assert.All(own.Except(outer), hop => Assert.Equal(1, hop.Step.Index - hop.SendStep.Index));
        }
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(4, 3)]
    [InlineData(8, 5)]
    [InlineData(3, 2)]
    [InlineData(7, 4)]
    public void Lightseq_must_take_half_the_steps_and_send_what_its_table_says(int ranks, int steps)
    {
        var tokens = 24L * ranks;
        var schedule = Schedule("lightseq", ranks, tokens: tokens);
        Assert.Equal(steps, schedule.StepCount);
        long rows = tokens / ranks, block = 2 * rows * KeyHeads * HeadSize * sizeof(float);
        long query = rows * QueryHeads * HeadSize * sizeof(float), statistic = rows * QueryHeads * sizeof(float);
        for (var rank = 0; rank < ranks; rank++)
        {
            var distances = Enumerable.Range(1, steps - 1).ToArray();
            var given = distances.Count(t => rank + t < ranks);
            var fetched = distances.Count(t => rank >= t);
            var helped = distances.Count(t => rank + t >= ranks && 2 * t < ranks);
            var helping = distances.Count(t => rank < t && 2 * t < ranks);
            var forward = (given * block) + (helped * query) + (helping * (query + (2 * statistic)));
            var backward = (given * block) + (fetched * block) + (helped * ((2 * query) + (2 * statistic))) + (helping * query);
            Assert.Equal(new Traffic(forward, given + helped + helping), schedule.Sent(new(rank), SchedulePass.Forward));
            Assert.Equal(new Traffic(backward, given + fetched + helped + helping), schedule.Sent(new(rank), SchedulePass.Backward));
        }
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    public void Ulysses_must_send_each_other_rank_its_heads_of_the_rows_that_it_holds(int ranks, bool keeps)
    {
        var schedule = Schedule("ulysses", ranks, keepsExchanged: keeps);
        long rows = Tokens / ranks, heads = QueryHeads / ranks, keyHeads = Math.Max(KeyHeads, ranks) / ranks, others = ranks - 1;
        long q = rows * heads * HeadSize * sizeof(float) * others, kv = 2 * rows * keyHeads * HeadSize * sizeof(float) * others;
        var statistic = rows * heads * sizeof(float) * others;
        for (var rank = 0; rank < ranks; rank++)
        {
            Assert.Equal(new Traffic(q + kv + q + statistic, 2 * (ranks - 1)), schedule.Sent(new(rank), SchedulePass.Forward));
            Assert.Equal(new Traffic((keeps ? 0 : q + kv) + q + (2 * statistic) + q + kv, 2 * (ranks - 1)), schedule.Sent(new(rank), SchedulePass.Backward));
        }
    }

    [Fact]
    public void Contiguous_ring_must_send_no_block_to_ranks_before_its_owner_when_causal()
    {
        var hops = Schedule("ring", 4).Transfers(SchedulePass.Forward);
        Assert.Equal(6, hops.Length);
        Assert.All(hops, hop => Assert.Equal((hop.From.Index + 1, true), (hop.To.Index, hop.Origin.Index <= hop.From.Index)));
    }

    [Fact]
    public void Zigzag_must_send_the_front_half_only_when_all_later_visitors_need_no_more()
    {
        // Rank 3 holds the middle: of its block, one run of 24 rows, everybody else's tail sees all of it.
        var hops = Schedule("zigzag", 4).Transfers(SchedulePass.Forward);
        Assert.All(hops.Where(hop => hop.Origin.Index == 3), hop => Assert.Equal(24, hop.Rows.RowCount));

        // Of rank 0's block the last visitors, ranks 1 to 3, see the front chunk only: its back chunk lies behind all their tokens.
        Assert.All(hops.Where(hop => hop.Origin.Index == 0), hop => Assert.Equal("0+1:0+12", hop.Rows.ToString()));
    }

    // field/oracle.cs, section 5: five documents over four ranks need 72 of 192 rows, own ones included.
    [Theory]
    [InlineData("all-gather")]
    [InlineData("ring")]
    public void Documents_must_save_62_percent_of_the_rows_in_the_example_of_five_documents(string mode)
    {
        var plan = Request(mode, 4, 48).Resolve();
        ReadOnlyMemory<long> documents = new long[] { 0, 5, 6, 21, 40, 48 };
        var schedule = AttentionSchedule.Build(plan, plan.Pattern(0).WithDocuments([documents]));
        var needed = 48 + schedule.Transfers(SchedulePass.Forward).Sum(hop => hop.Rows.RowCount);
        Assert.Equal(72, needed);
        Assert.Equal(0.625, 1 - (needed / (4 * 48.0)));
    }

    [Fact]
    public void Window_must_leave_only_the_neighbour_and_the_sinks_when_it_is_shorter_than_a_block()
    {
        var plan = (Request("ring", 8, Tokens) with { LayerWindows = [5], Sink = 2 }).Resolve();
        var hops = AttentionSchedule.Build(plan, plan.Pattern(0)).Transfers(SchedulePass.Forward);

        // A window of 5 reaches 4 tokens back: the last four rows of a block go to the next rank. The two sinks of block 0 go on to everybody.
        Assert.Equal(["0>1 0+1:0+2 0+1:8+4", "1>2 0+1:8+4", "1>2 0+1:0+2"], hops.Where(hop => hop.From.Index < 2).Select(hop => $"{hop.From.Index}>{hop.To.Index} {hop.Rows}"));
        Assert.Equal(7 + 6, hops.Length);
    }

    [Fact]
    public void Gradient_must_cost_half_when_it_travels_in_bfloat16()
    {
        var wide = GradientBytes(Schedule("zigzag", 4));
        var plan = (Request("zigzag", 4, Tokens) with { GradientFormat = ElementFormat.BFloat16 }).Resolve();
        Assert.Equal(wide, 2 * GradientBytes(AttentionSchedule.Build(plan, plan.Pattern(0))));
    }

    private static long GradientBytes(AttentionSchedule schedule) =>
        schedule.Transfers(SchedulePass.Backward).Where(hop => hop.Payload == Payload.KeyValueGradient).Sum(hop => hop.Bytes);

    private static AttentionSchedule Schedule(string mode, int ranks, bool isCausal = true, int window = 0, long tokens = Tokens, bool keepsExchanged = false)
    {
        var plan = (Request(mode, ranks, tokens) with { IsCausal = isCausal, InnerWindow = window, KeepsExchanged = keepsExchanged }).Resolve();
        return AttentionSchedule.Build(plan, plan.Pattern(0));
    }

    private static PlanRequest Request(string mode, int ranks, long tokens) =>
        new() { Mode = mode, Ranks = ranks, Tokens = tokens, QueryHeads = QueryHeads, KeyHeads = KeyHeads, HeadSize = HeadSize, LayerWindows = [0] };
}
