using System.Collections.Concurrent;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Compute.Checkpoints.Training;

namespace ActorRing.Cluster.Member.Work;

/// <summary>Writes shards of TrainingCheckpoints while the rank computes on, one after the other.</summary>
/// <remarks>One may wait while another is written; who brings a third waits with it. A disk that is slower than the calendar of the job then slows the job down, and takes no more memory.</remarks>
internal sealed class ShardWriter : IDisposable
{
    private readonly FaultTrap _trap;
    private readonly Action<MachineEvent> _say;
    private readonly BlockingCollection<(WriteShard Order, Func<ShardReceipt> Write, StateDigest Digest)> _orders = new(boundedCapacity: 1);
    private readonly Thread _thread;

    /// <param name="trap">Reached when a shard is written.</param>
    /// <param name="say">Told what came of each, on another thread.</param>
    internal ShardWriter(FaultTrap trap, Action<MachineEvent> say)
    {
        (_trap, _say) = (trap, say);
        _thread = new Thread(Run) { Name = "shards", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Takes an order.</summary>
    /// <param name="order">Which shard.</param>
    /// <param name="write">Writes it; called on another thread.</param>
    /// <param name="digest">Of the state that it is a part of.</param>
    internal void Add(WriteShard order, Func<ShardReceipt> write, StateDigest digest) => _orders.Add((order, write, digest));

    /// <summary>Says what became of a shard.</summary>
    internal static MachineEvent Written(WriteShard order, Func<ShardReceipt> write, StateDigest digest, FaultTrap trap)
    {
        try
        {
            var receipt = write();
            trap.Reach(FaultPoint.Checkpoint, new TrainStep(order.StepsDone - 1));
            return new ShardStored(order.Epoch, order.StepsDone, receipt.Bytes, receipt.Sha256, digest);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new ShardFailed(order.Epoch, order.StepsDone, TextOf(order, failure));
        }
        catch (Exception failure)
        {
            // Whatever it was: the machine decides what becomes of the epoch.
            return new WorkFailed(order.Epoch, TextOf(order, failure));
        }
    }

    /// <summary>Ends when all that it has taken is written.</summary>
    public void Dispose()
    {
        _orders.CompleteAdding();
        _thread.Join();
        _orders.Dispose();
    }

    private static string TextOf(WriteShard order, Exception failure) => $"shard of update {order.StepsDone}: {failure.Message.ReplaceLineEndings(" ")}";

    private void Run()
    {
        foreach (var (order, write, digest) in _orders.GetConsumingEnumerable())
        {
            _say(Written(order, write, digest, _trap));
        }
    }
}
