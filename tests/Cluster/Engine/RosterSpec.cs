using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Specs.Engine;

/// <summary>Who is, was and may be in a cluster.</summary>
public class RosterSpec
{
    [Fact]
    public void Member_must_find_room_when_one_is_gone_and_be_refused_when_all_are_there()
    {
        var roster = new Roster(new MemberRef("seed", 1), largest: 3);
        Assert.Null(roster.Admit(new("rank-0", 1)));
        Assert.Null(roster.Admit(new("console-1", 1)));
        Assert.Equal("the cluster is full: 3 members", roster.Admit(new("console-2", 1)));

        roster.Lose(new("console-1", 1), MemberReason.Left);

        Assert.Null(roster.Admit(new("console-2", 1)));
        Assert.Equal(["console-2", "rank-0", "seed"], roster.Members.Select(status => status.Member.Name));
    }

    [Fact]
    public void Who_left_by_itself_must_be_forgotten_before_who_was_lost()
    {
        var roster = new Roster(new MemberRef("seed", 1), largest: 3);
        roster.Admit(new("a", 1));
        roster.Admit(new("b", 1));
        roster.Lose(new("a", 1), MemberReason.SocketEnd);
        roster.Lose(new("b", 1), MemberReason.Left);

        Assert.Null(roster.Admit(new("c", 1)));

        Assert.Equal(["a", "c", "seed"], roster.Members.Select(status => status.Member.Name));
    }
}
