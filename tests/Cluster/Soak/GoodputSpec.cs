using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Specs.Cli;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.Soak;

/// <summary><c>bench goodput</c>.</summary>
[Collection(OneConsole.Name)]
public class GoodputSpec(ITestOutputHelper output)
{
    // The share itself is measured on demand: beside other tests a machine has other things to do.
    [Fact]
    public async Task Job_must_end_bit_equal_and_its_lost_time_lie_within_its_own_when_a_rank_is_killed()
    {
        var row = await GoodputBench.RunAsync(new GoodputOrder(Ranks: 2, Spares: 1, Tokens: 1024, Updates: 60, Every: 60, Pairs: 1, Seed: 3), output.WriteLine, CancellationToken.None);

        output.WriteLine(BenchJson.Of(row));
        Assert.Null(row.Difference);
        Assert.Equal((1, 60, 3), (row.Kills, row.Updates, row.Seed));
        var pair = Assert.Single(row.Pairs);
        Assert.InRange(Assert.Single(pair.ResumedMs), 1, 1000 * pair.StormySeconds);
        Assert.InRange(row.Accounted, 0, 1);
        Assert.Equal(pair.CalmSeconds / pair.StormySeconds, row.Goodput, tolerance: 0.005);
        Assert.Equal(row.UpdateMs, pair.CalmUpdateMs);
        Assert.InRange(row.UpdateMs * 59 / 2 / 1000, 0.001, pair.CalmSeconds); // half of them take as long, or longer
    }
}
