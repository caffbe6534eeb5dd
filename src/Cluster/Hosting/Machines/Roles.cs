using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Hosting.Machines;

/// <summary>What a process may do, by the name that the engine vouches for.</summary>
public static class Roles
{
    /// <summary>Name of the seed.</summary>
    public const string Seed = "seed";

    /// <summary>What names of consoles, which submit and control jobs, begin with; no rank has such a name.</summary>
    public const string ConsolePrefix = "console-";

    /// <summary>Whoever sent a frame, with what it may do.</summary>
    public static Sender Of(MemberRef member) => new(ToId(member), member.Name switch
    {
        Seed => Role.Coordinator,
        var name when name.StartsWith(ConsolePrefix, StringComparison.Ordinal) => Role.Submitter,
        _ => Role.Member,
    });

    /// <summary>A member as machines name it.</summary>
    public static MemberId ToId(MemberRef member) => new(member.Name, member.Incarnation);

    /// <summary>A member as engines name it.</summary>
    public static MemberRef ToRef(MemberId member) => new(member.Name, member.Incarnation);
}
