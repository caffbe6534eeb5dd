using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Specs.Cli;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.Soak;

/// <summary><c>bench guards</c>.</summary>
[Collection(OneConsole.Name)]
public class GuardsSpec(ITestOutputHelper output)
{
    // A thousand of each kind are done on demand.
    [Fact]
    public async Task Every_fault_must_be_found_in_time_and_the_right_rank_blamed_and_no_state_differ()
    {
        var row = await GuardsBench.RunAsync(new GuardsOrder(Ranks: 3, Spares: 1, Enum.GetValues<GuardKind>(), Trials: 2, Seed: 7), output.WriteLine, CancellationToken.None);

        output.WriteLine(BenchJson.Of(row));
        Assert.True(row.IsGood, BenchJson.Of(row));
        Assert.Equal([.. Enum.GetNames<GuardKind>().Select(name => name.ToLowerInvariant())], row.Kinds.Select(kind => kind.What));
        Assert.All(row.Kinds, kind => Assert.Equal(2, kind.Trials));
        Assert.True(row.Updates > 10);
    }

    // Otherwise the spec above could not fail. Moments are found even so: whoever copies them for the next rank looks at what it gives away.
    [Fact]
    public async Task Flipped_bits_must_get_through_when_nobody_looks()
    {
        var row = await GuardsBench.RunAsync(new GuardsOrder(Ranks: 2, Spares: 0, Enum.GetValues<GuardKind>(), Trials: 1, Seed: 7, IsGuarded: false), output.WriteLine, CancellationToken.None);

        output.WriteLine(BenchJson.Of(row));
        Assert.Equal(["weight", "frame"], row.Kinds.Where(kind => !kind.IsGood).Select(kind => kind.What));
        Assert.All(row.Kinds.Where(kind => !kind.IsGood), kind => Assert.Equal(0, kind.Found));
        Assert.NotNull(row.Difference);
    }
}
