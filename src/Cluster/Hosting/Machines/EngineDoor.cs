using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Hosting.Machines;

/// <summary>Between a machine's host and its engine: messages to frames and back, and which incarnation of the seed is meant.</summary>
/// <remarks>Safe for the engine's threads and the host's loop at once.</remarks>
internal sealed class EngineDoor(IEngine engine)
{
    private volatile Engine.MemberStatus? _seed;
    private long _unreadable;

    /// <summary>Frames that were no message.</summary>
    internal long Unreadable => Interlocked.Read(ref _unreadable);

    /// <summary>Messages that were handed to the engine; counted by the host's loop.</summary>
    internal long Sent { get; private set; }

    /// <summary>Whether the seed can be reached.</summary>
    internal bool HasSeed => _seed is { IsUp: true };

    /// <summary>Carries out the effects that send; false for all others.</summary>
    internal bool TrySend(Effect effect)
    {
        switch (effect)
        {
            case Send send:
                Tell(Roles.ToRef(send.Receiver), send.Message);
                return true;
            case SendToSeed send:
                if (_seed is { IsUp: true } seed)
                {
                    Tell(seed.Member, send.Message);
                }

                return true;
            default:
                return false;
        }
    }

    /// <summary>What a frame says; null, and counted, if it says nothing.</summary>
    internal Received? Read(MemberRef from, ReadOnlyMemory<byte> frame)
    {
        if (MessageCodec.TryDecode(frame.Span, out var message) == WireError.None)
        {
            return new Received(Roles.Of(from), message!);
        }

        Interlocked.Increment(ref _unreadable);
        return null;
    }

    /// <summary>Notes who the seed is.</summary>
    internal void See(MemberView view) => _seed = view.Find(Roles.Seed);

    private void Tell(MemberRef receiver, Message message)
    {
        Sent++;
        engine.Tell(receiver, MessageCodec.Encode(message));
    }
}
