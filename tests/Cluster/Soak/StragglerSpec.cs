using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Specs.Cli;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.Soak;

/// <summary>Real ranks that get a quarter of a processor.</summary>
[Collection(OneConsole.Name)]
public class StragglerSpec(ITestOutputHelper output)
{
    // How many updates it takes is measured on demand: beside other tests a machine has other things to do. With a grant for each hop it is grants that the other rank waits for.
    [Theory]
    [InlineData(GrantGranularity.PerStep, 2)]
    [InlineData(GrantGranularity.PerHop, 1)]
    public async Task Rank_must_be_named_when_it_is_stopped_for_three_quarters_of_its_time_and_cleared_when_it_is_not(GrantGranularity granularity, int trials)
    {
        var row = await StragglerBench.RunAsync(
            new StragglerOrder(Ranks: 2, Tokens: 2048, Healthy: 40, Trials: trials, ByQuota: false, Granularity: granularity, Record: null), CancellationToken.None);

        output.WriteLine(BenchJson.Of(row));
        Assert.Equal((trials, trials), (row.Named, row.Cleared));
        Assert.Equal((0, 0, 0), (row.Wrong, row.QuietAccusations, row.BusyAccusations));
        Assert.InRange(row.UpdatesP50, 1, 20);
    }
}
