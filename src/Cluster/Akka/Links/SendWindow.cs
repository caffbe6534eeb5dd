namespace ActorRing.Cluster.Akka.Links;

/// <summary>How much may be under way to one peer: Akka queues without end, so the peer says how far it has read.</summary>
/// <param name="limit">In bytes.</param>
internal sealed class SendWindow(int limit)
{
    private readonly Lock _gate = new();
    private long _sent;
    private long _read;

    /// <summary>Takes room for a frame; false if there is none.</summary>
    /// <param name="bytes">Of the frame.</param>
    /// <param name="offset">All bytes sent so far, these included; travels with the frame and comes back by <see cref="OnRead"/>.</param>
    internal bool TryTake(int bytes, out long offset)
    {
        lock (_gate)
        {
            offset = _sent + bytes;
            if (offset - _read > limit)
            {
                return false;
            }

            _sent = offset;
            return true;
        }
    }

    /// <summary>The peer has read everything up to an offset, or lost it.</summary>
    internal void OnRead(long offset)
    {
        lock (_gate)
        {
            _read = offset <= _sent ? Math.Max(_read, offset) : _read;
        }
    }
}
