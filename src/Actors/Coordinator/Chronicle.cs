using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <summary>What went wrong lately, for people: nothing is ever decided by it.</summary>
/// <remarks>Bounded: the last <see cref="Most"/> late transfers and ends of epochs.</remarks>
internal sealed class Chronicle
{
    internal const int Most = 16;
    private readonly List<(Instant At, LateHop Hop)> _late = [];
    private readonly List<(Instant At, EpochOutcome Outcome)> _outcomes = [];

    internal void Add(EpochOutcome outcome, Instant now)
    {
        _outcomes.Add((now, outcome));
        if (_outcomes.Count > Most)
        {
            _outcomes.RemoveAt(0);
        }
    }

    /// <summary>Notes a late transfer; a later word about the same one takes the place of the earlier one and keeps its time.</summary>
    internal void Add(LateHop hop, Instant now)
    {
        for (var at = 0; at < _late.Count; at++)
        {
            var known = _late[at].Hop;
            if (known.Epoch == hop.Epoch && known.Waiter == hop.Waiter && known.Hop.Step == hop.Hop.Step && known.Hop.Unit == hop.Hop.Unit && known.Hop.Peer == hop.Hop.Peer)
            {
                _late[at] = (_late[at].At, hop);
                return;
            }
        }

        _late.Add((now, hop));
        if (_late.Count > Most)
        {
            _late.RemoveAt(0);
        }
    }

    internal ImmutableArray<LateHop> LateHops(Instant now)
    {
        var hops = ImmutableArray.CreateBuilder<LateHop>(_late.Count);
        foreach (var (at, hop) in _late)
        {
            hops.Add(hop with { Ago = now - at });
        }

        return hops.MoveToImmutable();
    }

    internal ImmutableArray<EpochOutcome> Outcomes(Instant now)
    {
        var outcomes = ImmutableArray.CreateBuilder<EpochOutcome>(_outcomes.Count);
        foreach (var (at, outcome) in _outcomes)
        {
            outcomes.Add(outcome with { Reason = Brief.Reason(outcome.Reason), Ago = now - at });
        }

        return outcomes.MoveToImmutable();
    }
}
