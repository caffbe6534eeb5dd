using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Specs.Cli;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>Clusters of real processes among strangers, and what a member of one costs.</summary>
[Collection(OneConsole.Name)]
public class HostileClusterSpec(ITestOutputHelper output)
{
    // Times are for `bench hostile` on a quiet machine: here it is about who is let in, and whether the job notices.
    [Fact]
    public async Task Job_must_go_on_and_strangers_be_refused_when_they_come_to_the_door_by_the_hundred()
    {
        var row = await HostileBench.RunAsync(ranks: 2, connections: 400, perSecond: 100, windows: 2, engine: "embedded");

        output.WriteLine(BenchJson.Of(row));
        Assert.Equal((400, true), (row.Refused, row.Alive));
        Assert.InRange(row.SeedGrowthMiB, double.MinValue, 32);
    }

    [Fact]
    public async Task Member_must_take_at_most_80_MB_when_it_has_no_job()
    {
        var row = await MemberBench.RunAsync();

        output.WriteLine(BenchJson.Of(row));
        Assert.InRange(row.Resident * 1.048576, 1, 80);
        Assert.DoesNotContain(row.Largest, one => one.Name.StartsWith("libar_", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ring")]
    [InlineData("zigzag")]
    public async Task Job_must_be_completed_when_every_hop_is_granted_and_some_ranks_have_fewer_hops_than_others(string mode)
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 4);

        var job = await cluster.SubmitAsync(folder.Job(mode, steps: 4, 4, every: 4, mode: mode), "--parallelism.granularity", "per-hop");

        Assert.Equal(0, (await cluster.AwaitEndAsync(job)).Losses);
    }
}
