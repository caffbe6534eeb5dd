using System.Collections.Concurrent;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training.Guards;

namespace ActorRing.Compute.Checkpoints.Replicas;

/// <summary>One epoch's exchange of parts: after each update every rank gives the next one a copy of its part and takes that of the one before, while it computes on.</summary>
/// <remarks>
/// The compute thread pays for one copy in memory; the rest is on a thread of its own. Cost: 12 bytes of each owned element are copied, sent and received, and every part that is
/// here is hashed once an update: a bit that flips in one is found within an update, and nobody is given it.
/// </remarks>
public sealed class ReplicaExchange : IDisposable
{
    private readonly ReplicaStore _store;
    private readonly ICommunicator? _ranks;
    private readonly Action<ReplicaExchanged> _done;
    private readonly Action<Exception> _failed;
    private readonly BlockingCollection<Order> _orders = [];
    private readonly Thread _thread;

    /// <summary>Begins.</summary>
    /// <param name="store">Borrowed.</param>
    /// <param name="ranks">All ranks, for this alone; borrowed. Null for one rank, which has nobody to give a copy to.</param>
    /// <param name="done">Told of each exchange in the order in which they were begun, on another thread.</param>
    /// <param name="failed">Told once why there are no more, on another thread.</param>
    public ReplicaExchange(ReplicaStore store, ICommunicator? ranks, Action<ReplicaExchanged> done, Action<Exception> failed)
    {
        (_store, _ranks, _done, _failed) = (store, ranks, done, failed);
        _thread = new Thread(Run) { Name = "replicas", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Copies this rank's part, which is in the store when this returns, and begins its exchange. The state may change from then on.</summary>
    /// <param name="state">This rank's; its digest was made last of this state.</param>
    /// <param name="job">Whose.</param>
    /// <param name="stepsDone">Updates in it.</param>
    /// <param name="digest">The state.</param>
    /// <exception cref="InsufficientMemoryException">There is no memory for it.</exception>
    public void Begin(TrainingState state, JobId job, long stepsDone, StateDigest digest)
    {
        ArgumentNullException.ThrowIfNull(state);
        var ranks = state.Group.Ranks;
        var previous = (state.Group.Rank + ranks - 1) % ranks;
        var own = _store.Rent(state.Optimizer.Owned.ElementCount);
        own.TakeFrom(state);
        var name = new PartName(job, stepsDone, ranks, state.Group.Rank);
        var hashes = state.Hashes ?? throw new InvalidOperationException("the state has no digest");
        _store.Publish(name, own, hashes);
        _orders.Add(new Order(name, own, previous, state.Shards, hashes, digest));
    }

    /// <summary>Ends after the exchange in hand; whoever wants it sooner aborts the communicator first.</summary>
    public void Dispose()
    {
        _orders.CompleteAdding();
        _thread.Join();
        while (_orders.TryTake(out var left))
        {
            _store.Return(left.Own);
        }

        _orders.Dispose();
    }

    private void Run()
    {
        foreach (var order in _orders.GetConsumingEnumerable())
        {
            try
            {
                Exchange(order);
                _done(new ReplicaExchanged(order.Name.StepsDone, order.Digest, _ranks is null ? [order.Name.Part] : [order.Name.Part, order.Previous]));
            }
            catch (Exception failure)
            {
                // Whatever it was: without copies the epoch cannot go on, and its owner decides what becomes of it.
                _failed(failure);
                return;
            }
        }
    }

    private void Exchange(Order order)
    {
        try
        {
            // Nobody is given what is not what the digest says: whose memory failed is then certain.
            Require(order.Name, order, "changed while it was copied");
            if (_ranks is not null)
            {
                Swap(_ranks, order);
            }

            _store.Verify(order.Name.Job, order.Shards, order.Name.StepsDone);
        }
        finally
        {
            _store.Return(order.Own);
        }
    }

    private void Swap(ICommunicator ranks, Order order)
    {
        var incoming = _store.Rent(order.Shards.OwnedBy(order.Previous, order.Name.Parts).ElementCount);
        var name = order.Name with { Part = order.Previous };
        try
        {
            ranks.Rotate(order.Own.All, (order.Name.Part + 1) % order.Name.Parts, incoming.All, order.Previous, new HopLabel(HopChannel.Replica)).Wait();
            _store.Publish(name, incoming, order.Hashes);
        }
        finally
        {
            _store.Return(incoming);
        }

        Require(name, order, "came in otherwise than it was sent");
    }

    private void Require(PartName name, Order order, string how)
    {
        if (_store.Verify(name, order.Shards, order.Name.StepsDone) is { } change)
        {
            throw new StateCorruptException(new TrainStep(name.StepsDone), $"{change} in part {name.Part} of update {name.StepsDone} {how}");
        }
    }

    private sealed record Order(PartName Name, StatePart Own, int Previous, ShardMap Shards, ShardHashes Hashes, StateDigest Digest);
}

/// <summary>Parts of a state that are here now.</summary>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Digest">The state.</param>
/// <param name="Parts">Which.</param>
public sealed record ReplicaExchanged(long StepsDone, StateDigest Digest, IReadOnlyList<int> Parts);
