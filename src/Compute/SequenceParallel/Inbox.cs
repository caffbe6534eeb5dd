using System.Collections.Immutable;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>Receives what the steps of one pass need over one communicator.</summary>
/// <remarks>
/// A communicator matches messages in the order in which they were sent, but a block that skips ranks may be sent early for a late step. So whatever a peer sends before
/// a message that is needed now is received with it and kept.
/// </remarks>
internal sealed class Inbox
{
    private readonly BlockContext _context;
    private readonly ICommunicator _link;
    private readonly AttentionLayer _layer;
    private readonly Queue<Transfer>[] _byPeer;
    private readonly List<Arrival> _coming = [];

    /// <param name="context">The rank's.</param>
    /// <param name="link">Where they come from.</param>
    /// <param name="layer">Named in errors.</param>
    /// <param name="transfers">All that come in this pass.</param>
    internal Inbox(BlockContext context, ICommunicator link, AttentionLayer layer, IEnumerable<Transfer> transfers)
    {
        _context = context;
        _link = link;
        _layer = layer;
        _byPeer = [.. transfers.GroupBy(transfer => transfer.From).Select(peer => new Queue<Transfer>(peer.OrderBy(transfer => transfer.SendStep.Index)))];
    }

    /// <summary>Begins to receive what is needed up to a step.</summary>
    internal void Expect(int step)
    {
        foreach (var peer in _byPeer)
        {
            while (peer.Any(transfer => transfer.Step.Index <= step))
            {
                _coming.Add(new Arrival(_context, _link, _layer, peer.Dequeue()));
            }
        }
    }

    /// <summary>Waits for what a step needs and hands it out in the order of the schedule. The messages are given away.</summary>
    internal IEnumerable<(Transfer Transfer, RowMessage Message)> Take(ImmutableArray<Transfer> needed)
    {
        foreach (var transfer in needed)
        {
            var at = _coming.FindIndex(coming => ReferenceEquals(coming.Transfer, transfer));
            var arrival = _coming[at];
            _coming.RemoveAt(at);
            yield return (transfer, arrival.Wait());
        }
    }
}
