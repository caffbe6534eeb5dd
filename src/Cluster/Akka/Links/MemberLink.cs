using ActorRing.Cluster.Akka.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;
using Akka.Actor;

namespace ActorRing.Cluster.Akka.Links;

/// <summary>Between a member and the seed, from a welcome to the next hello or the end; both sides have one.</summary>
/// <param name="member">The member, on either side.</param>
/// <param name="key">Known to both sides alone.</param>
/// <param name="peer">The other side's actor.</param>
/// <param name="self">This side's.</param>
/// <param name="windowBytes">What may be under way.</param>
internal sealed class MemberLink(MemberRef member, long key, IActorRef peer, IActorRef self, int windowBytes)
{
    // The peer is told after so many bytes: a message for each frame would double them.
    private const int ReadStep = 64 << 10;

    // About what a frame takes beside its bytes while it waits: small ones must not be without end either.
    private const int Overhead = 256;
    private long _told;

    internal MemberRef Member { get; } = member;

    internal long Key { get; } = key;

    internal IActorRef Peer { get; } = peer;

    internal Address Node => Peer.Path.Address;

    internal SendWindow Window { get; } = new(windowBytes);

    internal void Tell(LinkKind kind, BodyWriter? body = null) => Peer.Tell(LinkCodec.Of(kind, Key, body), self);

    /// <summary>Sends a frame; false if too much is under way.</summary>
    internal bool TryCarry(MemberRef other, ReadOnlySpan<byte> frame)
    {
        if (!Window.TryTake(Overhead + frame.Length, out var offset))
        {
            return false;
        }

        Peer.Tell(LinkCodec.Carry(Key, other, offset, frame), self);
        return true;
    }

    /// <summary>Everything up to an offset was read here; called by the actor alone.</summary>
    internal void NoteRead(long offset)
    {
        if (offset - _told >= ReadStep)
        {
            _told = offset;
            Tell(LinkKind.Read, new BodyWriter().Int64(offset));
        }
    }
}
