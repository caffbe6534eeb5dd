using System.Collections.Concurrent;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Hosting.Seed;
using ActorRing.Cluster.Specs.Engine;

namespace ActorRing.Cluster.Specs.Processes;

public class MemberKeeperSpec
{
    private readonly ConcurrentQueue<MachineEvent> _said = new();

    [Fact]
    public async Task Child_that_says_good_bye_must_be_gone_when_its_process_has_ended_and_not_before()
    {
        await using var cluster = new EmbeddedCluster();
        await using var seed = cluster.NewSeed(new MemberRef("seed", 1));
        await using var keeper = new MemberKeeper(seed, (_, _) => MemberProcess.Start("/bin/sh", ["-c", "read line; exit 3"]), TimeProvider.System, _said.Enqueue);
        keeper.Start("rank-0");
        var child = Assert.IsType<MemberStarted>(Assert.Single(_said)).Member;

        keeper.SeeDisconnected(child, saidGoodBye: true);

        Assert.DoesNotContain(_said, said => said is MemberGone);
        await keeper.DisposeAsync();
        Assert.True(SpinWait.SpinUntil(() => _said.Any(said => said is MemberGone gone && gone.Member == child), TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Other_member_that_says_good_bye_must_be_gone_at_once_whatever_its_process_does()
    {
        await using var cluster = new EmbeddedCluster();
        await using var seed = cluster.NewSeed(new MemberRef("seed", 1));
        await using var keeper = new MemberKeeper(seed, start: null, TimeProvider.System, _said.Enqueue);
        var member = new MemberId("rank-0", 7);

        keeper.SeeDisconnected(member, saidGoodBye: true);

        Assert.Equal([new MemberDisconnected(member), new MemberGone(member, "it has left")], _said);
    }
}
