using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <summary>Late transfers of one epoch, one row a rank, and who is to blame for them.</summary>
internal sealed class HopLedger(int ranks)
{
    private readonly HopWait?[] _rows = new HopWait?[ranks];
    private readonly HopWait?[] _present = new HopWait?[ranks];

    /// <summary>When the first one was reported.</summary>
    internal Instant? Since { get; private set; }

    internal HopWait? this[int rank] => _rows[rank];

    internal void Report(int rank, HopWait hop, Instant now)
    {
        if (hop.Peer.Index >= 0 && hop.Peer.Index < ranks)
        {
            _rows[rank] = hop;
            Since ??= now;
        }
    }

    /// <summary>What a rank's heartbeat says of its present transfer, late or not.</summary>
    internal void Note(int rank, HopWait? hop, long stepsDone)
    {
        _present[rank] = hop is not null && hop.Peer.Index >= 0 && hop.Peer.Index < ranks ? hop : null;
        if (hop is null)
        {
            Forget(rank, stepsDone);
        }
    }

    /// <summary>What was late has arrived after all, as the rank's next update shows.</summary>
    internal void Forget(int rank, long stepsDone)
    {
        if (_rows[rank] is { } hop && hop.Step.Index < stepsDone)
        {
            _rows[rank] = null;
            foreach (var row in _rows)
            {
                if (row is not null)
                {
                    return;
                }
            }

            Since = null;
        }
    }

    /// <summary>
    /// Follows the chain of waits to its end: a rank that waits itself is not to blame. In a circle it is whoever is furthest behind: it waits for a transfer
    /// that its peer has long been ready for.
    /// </summary>
    internal (int Waiter, HopWait Hop, int Culprit)? Verdict()
    {
        var waiter = -1;
        for (var rank = 0; rank < ranks; rank++)
        {
            if (_rows[rank] is { } row && (waiter < 0 || IsBehind(row, _rows[waiter]!)))
            {
                waiter = rank;
            }
        }

        if (waiter < 0)
        {
            return null;
        }

        return Follow(waiter);
    }

    /// <summary>Whom the chain of waits that starts at a rank ends at. The rank must have reported a late transfer.</summary>
    internal (int Waiter, HopWait Hop, int Culprit) Follow(int waiter)
    {
        var at = waiter;
        for (var length = 0; length < ranks; length++)
        {
            var hop = (_rows[at] ?? _present[at])!;
            var peer = hop.Peer.Index;
            if (_rows[peer] is null && _present[peer] is null)
            {
                return (at, hop, peer);
            }

            at = peer;
        }

        return (waiter, _rows[waiter]!, waiter);
    }

    private static bool IsBehind(HopWait one, HopWait other) =>
        one.Step.Index != other.Step.Index ? one.Step.Index < other.Step.Index : one.Unit < other.Unit;
}
