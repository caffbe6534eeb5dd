using ActorRing.Actors.Events;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Specs.Engine;

namespace ActorRing.Cluster.Specs.Machines;

public class MachineShellSpec
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task MachineShell_must_let_go_of_who_posts_when_it_is_disposed_and_nothing_had_ended_it()
    {
        await using var cluster = new MemoryCluster();
        var shell = new MachineShell(cluster.NewSeed(new MemberRef("seed", 1)), (_, _, _) => null, (_, _) => { }, TimeProvider.System, _ => { });
        shell.Start();
        await shell.DisposeAsync();

        await Task.Run(() => shell.Post(new WakeUp())).WaitAsync(Deadline);

        Assert.False(shell.Ended.IsCompleted);
    }
}
