namespace ActorRing.Cluster.Hosting.Engine;

/// <summary>Why a member is as it is.</summary>
public enum MemberReason : byte
{
    /// <summary>It is connected.</summary>
    Joined = 1,

    /// <summary>Its connection ended: the process died, or the network cut it off.</summary>
    SocketEnd = 2,

    /// <summary>Its connection is open but nothing comes: the process is stopped, or its machine or the network is gone.</summary>
    Silence = 3,

    /// <summary>It said good-bye.</summary>
    Left = 4,

    /// <summary>It was thrown out; this incarnation never comes back.</summary>
    Evicted = 5,
}

/// <summary>What one member last looked like from here.</summary>
/// <param name="Member">The newest incarnation known of its name.</param>
/// <param name="IsUp">Whether frames can reach it.</param>
/// <param name="Reason">Why, for the log and for how fast to act.</param>
public sealed record MemberStatus(MemberRef Member, bool IsUp, MemberReason Reason);

/// <summary>Who is in the cluster, as one member believes. Views of two members differ, may be stale, may be wrong about a slow process.</summary>
/// <param name="Version">Grows with each view that one engine reports; says nothing across engines.</param>
/// <param name="Members">One entry per name, this process included, sorted by name (ordinal).</param>
public sealed record MemberView(long Version, IReadOnlyList<MemberStatus> Members)
{
    /// <summary>The entry of a name, or null.</summary>
    public MemberStatus? Find(string name) => Members.FirstOrDefault(status => status.Member.Name == name);

    /// <summary>Whether this very incarnation can be reached.</summary>
    public bool IsUp(MemberRef member) => Find(member.Name) is { IsUp: true } status && status.Member == member;
}
