using System.Collections.Immutable;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Plans;

public class LayoutSpec
{
    [Fact]
    public void Layout_must_deal_out_every_token_once_when_length_and_ranks_are_anything()
    {
        foreach (var kind in Enum.GetValues<LayoutKind>())
        {
            for (var shares = 1; shares <= 9; shares++)
            {
                for (var tokens = shares; tokens <= 60; tokens++)
                {
                    var layout = TokenLayout.Create(kind, tokens, shares);
                    var positions = Enumerable.Range(0, shares).SelectMany(share => Positions(layout, share)).Order().Select(position => (int)position);
                    Assert.Equal(Enumerable.Range(0, tokens), positions);
                    Assert.All(Enumerable.Range(0, shares), share => Assert.InRange(layout.Count(share), tokens / shares, ((tokens - 1) / shares) + 1));
                    Assert.Equal(Enumerable.Range(0, shares).Max(layout.Count), layout.LargestCount);
                }
            }
        }
    }

    [Fact]
    public void Zigzag_must_be_chunks_r_and_2P_minus_1_minus_r_when_they_divide() =>
        Assert.Equal(
            ["0..1 14..15", "2..3 12..13", "4..5 10..11", "6..9"],
            Enumerable.Range(0, 4).Select(share => Text(TokenLayout.Create(LayoutKind.Zigzag, 16, 4), share)));

    [Fact]
    public void Layout_must_be_uneven_instead_of_padded_when_tokens_do_not_divide()
    {
        Assert.Equal(["0..1", "2..3", "4..6"], Enumerable.Range(0, 3).Select(share => Text(TokenLayout.Create(LayoutKind.Contiguous, 7, 3), share)));
        Assert.Equal(["0 6", "1 5", "2..4"], Enumerable.Range(0, 3).Select(share => Text(TokenLayout.Create(LayoutKind.Zigzag, 7, 3), share)));
        Assert.Equal([[0, 3, 6], [1, 4], [2, 5]], Enumerable.Range(0, 3).Select(share => Positions(TokenLayout.Create(LayoutKind.Stripe, 7, 3), share)));
    }

    [Fact]
    public void Zigzag_must_give_work_in_proportion_to_speeds_within_two_percent()
    {
        for (var rngSeed = 0; rngSeed < 50; rngSeed++)
        {
            var random = new Random(rngSeed);
            ImmutableArray<int> speeds = [.. Enumerable.Range(0, random.Next(1, 10)).Select(_ => random.Next(1, 5))];
            var plan = PlanCases.Plan(SequenceMode.Zigzag, speeds.Length, LayoutKind.Zigzag, 8191, speeds: speeds);
            var schedule = AttentionSchedule.Build(plan, plan.Pattern(0));
            var all = schedule.Balance().TotalPairs;
            for (var rank = 0; rank < speeds.Length; rank++)
            {
                var share = speeds[rank] / (double)speeds.Sum();
                Assert.InRange(schedule.PairsByStep(new(rank)).Sum() / (all * share), 0.98, 1.02);
                Assert.InRange(schedule.RingLayout.Count(rank) / (8191 * share), 0.98, 1.02);
            }
        }
    }

    [Fact]
    public void Contiguous_must_give_tokens_in_proportion_to_speeds() =>
        Assert.Equal([400L, 200, 100, 300], Enumerable.Range(0, 4).Select(TokenLayout.Create(LayoutKind.Contiguous, 1000, [4, 2, 1, 3]).Count));

    [Theory]
    [InlineData(LayoutKind.Stripe, 12, new[] { 2, 1 }, "rank 1: speed = 1 differs from 2 of rank 0, and stripe deals out one token to every rank in turn; nearest possible: layout = zigzag, or all speeds equal")]
    [InlineData(LayoutKind.Zigzag, 3, new[] { 1, 1, 1, 1 }, "tokens = 3 cannot be dealt out to 4 ranks; nearest possible: ranks = 3 or tokens = 4")]
    [InlineData(LayoutKind.Contiguous, 3, new[] { 1, 9 }, "rank 0: speed = 1 of 10 gets no token of 3; nearest possible: tokens = 10")]
    [InlineData(LayoutKind.Contiguous, 3, new[] { 1, 0 }, "rank 1: speed = 0 must be at least 1; nearest possible: 1")]
    [InlineData(LayoutKind.Contiguous, 3, new int[0], "ranks = 0: a sequence needs at least one rank; nearest possible: ranks = 1")]
    public void Layout_must_refuse_in_one_line_when_it_cannot_be_made(LayoutKind kind, long tokens, int[] speeds, string message) =>
        Assert.Equal(message, Assert.Throws<PlanException>(() => TokenLayout.Create(kind, tokens, [.. speeds])).Message);

    // feifeibear/long-context-attention#53: cut by head index first, each ring would hold neighbouring tokens and zigzag would be contiguous.
    [Fact]
    public void Layout_must_be_cut_by_ring_rank_before_head_index()
    {
        var layout = TokenLayout.Create(LayoutKind.Zigzag, 16, 2).CutForHeads(2);
        Assert.Equal(["0..3", "12..15", "4..7", "8..11"], Enumerable.Range(0, 4).Select(share => Text(layout, share)));
    }

    // EasyContext's usp cuts positions to a rank's length before it shards them: 16 tokens get 4 positions.
    [Fact]
    public void Layout_must_give_every_token_of_every_rank_its_position_when_heads_are_sharded()
    {
        foreach (var (kind, tokens) in new[] { (LayoutKind.Zigzag, 64L), (LayoutKind.Zigzag, 37L), (LayoutKind.Stripe, 37L), (LayoutKind.Contiguous, 37L) })
        {
            var ring = TokenLayout.Create(kind, tokens, 2);
            var layout = ring.CutForHeads(2);
            for (var share = 0; share < 2; share++)
            {
                Assert.Equal(Positions(ring, share), Positions(layout, 2 * share).Concat(Positions(layout, (2 * share) + 1)));
                Assert.Equal(ring.PieceRows(share, 1, 2).Count, layout.Count((2 * share) + 1));
            }
        }
    }

    private static long[] Positions(TokenLayout layout, int share)
    {
        var fromRuns = layout.Runs(share).SelectMany(run => Enumerable.Range(0, (int)run.Count).Select(row => run.At(row))).ToArray();
        Assert.Equal(fromRuns, Enumerable.Range(0, (int)layout.Count(share)).Select(row => layout.PositionOf(share, row)));
        return fromRuns;
    }

    private static string Text(TokenLayout layout, int share) => string.Join(' ', layout.Runs(share).Select(run => run.Count == 1 ? $"{run.Start}" : $"{run.Start}..{run.Last}"));
}
