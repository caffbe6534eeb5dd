using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Specs.Cli;

namespace ActorRing.Cluster.Specs.Soak;

/// <summary><c>bench durability</c>.</summary>
[Collection(OneConsole.Name)]
public class DurabilitySpec
{
    [Fact]
    public async Task Bench_must_time_the_same_job_with_and_without_copies()
    {
        var row = await DurabilityBench.RunAsync(2, tokens: 256, updates: 6, rounds: 1, CancellationToken.None);

        Assert.Equal((2, 7_284_096L, 256, 6, 1), (row.Ranks, row.Parameters, row.Tokens, row.Updates, row.Rounds));
        Assert.InRange(row.UpdateMs, 1, 60_000);
        Assert.InRange(row.ReplicaCost, -1, 100);
    }
}
