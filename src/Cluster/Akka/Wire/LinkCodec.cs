using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;

namespace ActorRing.Cluster.Akka.Wire;

/// <summary>What the engine itself says between a member and the seed.</summary>
internal enum LinkKind : byte
{
    /// <summary>Member: protocol (u16), version of the program (text), itself, uid of the cluster that it joined (16 bytes, zeros for none).</summary>
    Hello = 1,

    /// <summary>Seed: itself, uid of its cluster. The link is the one of the hello.</summary>
    Welcome = 2,

    /// <summary>Seed: why not (text).</summary>
    Refused = 3,

    /// <summary>Seed: the member's node is none of its Akka cluster; it has to come back as another one.</summary>
    NotInCluster = 4,

    /// <summary>Seed: a view.</summary>
    View = 5,

    /// <summary>Both: the other member (receiver to the seed, sender from it), offset (i64), the frame.</summary>
    Frame = 6,

    /// <summary>Both: everything up to an offset (i64) was read.</summary>
    Read = 7,

    /// <summary>Seed: why (text).</summary>
    Evicted = 8,

    /// <summary>Member: it leaves. Seed: so it has heard.</summary>
    Bye = 9,

    /// <summary>Seed: it knows no such link; the member has to say hello again.</summary>
    NoLink = 10,
}

/// <summary>
/// An <see cref="EngineFrame"/>: kind (u8), link (i64, random, chosen by the member with each hello and known to it and the seed alone), body. So nobody can speak
/// for another member, and what belongs to an earlier link is seen.
/// </summary>
internal static class LinkCodec
{
    internal const ushort Version = 1;

    internal static EngineFrame Of(LinkKind kind, long link, BodyWriter? body = null)
    {
        var head = new BodyWriter().Byte((byte)kind).Int64(link);
        return new EngineFrame { Bytes = body is null ? head.Written.ToArray() : [.. head.Written, .. body.Written] };
    }

    internal static EngineFrame Carry(long link, MemberRef other, long offset, ReadOnlySpan<byte> frame)
    {
        var head = new BodyWriter().Byte((byte)LinkKind.Frame).Int64(link).Member(other).Int64(offset).Written;
        var bytes = new byte[head.Length + frame.Length];
        head.CopyTo(bytes);
        frame.CopyTo(bytes.AsSpan(head.Length));
        return new EngineFrame { Bytes = bytes };
    }
}
