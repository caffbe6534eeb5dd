namespace ActorRing.Architecture.Specs;

/// <summary>Which room may use which, checked on the compiled rooms.</summary>
public class RoomsSpec
{
    public static TheoryData<string, string, string[]> Rooms => new()
    {
        { "ActorRing.Actors", "ActorRing.Actors", [] },
        { "ActorRing.Native", "ActorRing.Native", [] },
        { "ActorRing.Compute", "ActorRing.Compute", ["ActorRing.Actors.Ids", "ActorRing.Actors.Plans", "ActorRing.Native"] },
        { "ActorRing.Hosting", "ActorRing.Cluster.Hosting", ["ActorRing.Actors", "ActorRing.Compute"] },
        // An engine carries frames and knows nothing of training: no other room than the port's.
        { "ActorRing.Embedded", "ActorRing.Cluster.Embedded", ["ActorRing.Cluster.Hosting"] },
        { "ActorRing.Akka", "ActorRing.Cluster.Akka", ["ActorRing.Cluster.Hosting"] },
        // Composition: a member is work on an engine. The command line is beside it, not below.
        {
            "ActorRing.Member", "ActorRing.Cluster.Member",
            ["ActorRing.Actors", "ActorRing.Compute", "ActorRing.Native", "ActorRing.Cluster.Hosting", "ActorRing.Cluster.Embedded", "ActorRing.Cluster.Akka"]
        },
        { "ActorRing.GenericHost", "ActorRing.Cluster.GenericHost", ["ActorRing.Cluster.Member", "ActorRing.Cluster.Hosting"] },
    };

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Room_must_use_only_the_rooms_it_is_allowed_to(string assembly, string room, string[] allowed) =>
        Assert.Empty(Strangers(assembly, room, allowed));

    [Theory]
    [InlineData("ActorRing.Actors")]
    [InlineData("ActorRing.Native")]
    [InlineData("ActorRing.Compute")]
    [InlineData("ActorRing.Hosting")]
    [InlineData("ActorRing.Embedded")]
    public void Room_must_use_nothing_but_the_framework_beside_the_rooms(string assembly)
    {
        using var room = new RoomMetadata(assembly);
        Assert.All(room.Namespaces, name => Assert.True(name.Length == 0 || IsInside(name, "System") || IsInside(name, "Microsoft")
            || IsInside(name, "ActorRing"), name));
    }

    [Fact]
    public void Compute_must_not_talk_to_the_console_or_read_the_environment_or_settings()
    {
        using var compute = new RoomMetadata("ActorRing.Compute");
        Assert.DoesNotContain("System.Console", compute.Types);
        Assert.DoesNotContain(compute.Members, member => member.StartsWith("System.Environment.", StringComparison.Ordinal)
            && member.Contains("EnvironmentVariable", StringComparison.Ordinal));
        Assert.DoesNotContain(compute.Types, type => type.Contains("Hocon", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Rooms_check_must_notice_when_a_room_uses_a_room_it_may_not() =>
        Assert.Contains("ActorRing.Native", Strangers("ActorRing.Compute", "ActorRing.Compute", ["ActorRing.Actors"]));

    private static List<string> Strangers(string assembly, string room, string[] allowed)
    {
        using var metadata = new RoomMetadata(assembly);
        return [.. metadata.Namespaces.Where(name => IsInside(name, "ActorRing") && !IsInside(name, room) && !allowed.Any(other => IsInside(name, other)))];
    }

    private static bool IsInside(string name, string parent) => name == parent || name.StartsWith(parent + ".", StringComparison.Ordinal);
}
