using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Specs.Cli;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary><c>bench join</c>, small.</summary>
[Collection(OneConsole.Name)]
public class JoinSpec
{
    [Fact]
    public async Task Members_must_become_one_ring_without_a_tensor_library()
    {
        var row = await JoinBench.RunAsync(members: 4, atOnce: 2, "embedded", CancellationToken.None);

        Assert.Equal(("embedded", 4, 2, 0), (row.Engine, row.Members, row.AtOnce, row.WithTensorLibrary));
        Assert.InRange(row.RingMs, 1, 10_000);
        Assert.InRange(row.FirstUpdateMs, row.RingMs, 20_000);
    }
}
