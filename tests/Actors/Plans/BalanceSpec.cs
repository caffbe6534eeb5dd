using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Plans;

/// <summary>Work of the slowest rank at every step against the ideal, in visible pairs.</summary>
public class BalanceSpec
{
    [Theory]
    [InlineData("ring", 4, 0.572, 0.573)]
    [InlineData("ring", 8, 0.53, 0.54)]
    [InlineData("zigzag", 4, 0.97, 1.0)]
    [InlineData("zigzag", 8, 0.97, 1.0)]
    [InlineData("stripe", 4, 0.97, 1.0)]
    [InlineData("stripe", 8, 0.97, 1.0)]
    [InlineData("lightseq", 8, 0.88, 0.90)]
    public void Schedule_must_keep_ranks_as_busy_as_predicted_when_causal(string mode, int ranks, double least, double most)
    {
        var plan = new PlanRequest { Mode = mode, Ranks = ranks, Tokens = 256, QueryHeads = 1, KeyHeads = 1, HeadSize = 8, LayerWindows = [0] }.Resolve();
        var balance = AttentionSchedule.Build(plan, plan.Pattern(0)).Balance();
        Assert.Equal(256 * 257 / 2, balance.TotalPairs);
        Assert.InRange(balance.TotalPairs / (double)ranks / balance.LockstepPairs, least, most);
    }

    [Fact]
    public void Zigzag_must_give_its_slowest_rank_at_most_three_percent_more_than_the_ideal_when_lengths_are_odd()
    {
        var plan = new PlanRequest { Mode = "zigzag", Ranks = 4, Tokens = 1021, QueryHeads = 1, KeyHeads = 1, HeadSize = 8, LayerWindows = [0] }.Resolve();
        var balance = AttentionSchedule.Build(plan, plan.Pattern(0)).Balance();
        Assert.True(balance.TotalPairs / 4.0 / balance.SlowestRankPairs >= 0.97);
        Assert.True(balance.TotalPairs / 4.0 / balance.LockstepPairs >= 0.97);
    }
}
