using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Training;

/// <summary>One rank's place in a stage.</summary>
/// <param name="Attention">How its tokens attend; borrowed.</param>
/// <param name="Positions">Where its T tokens stand in the row.</param>
/// <param name="Replica">Which micro-batches are its: every <paramref name="Replicas"/>-th, from this one on.</param>
/// <param name="Replicas">Data-parallel replicas; divides the stage's micro-batches.</param>
/// <param name="Sequence">The ranks that have the row together; null for this one alone. Borrowed.</param>
/// <param name="Sink">Positions at a document's start that stay visible outside a layer's window.</param>
public sealed record StageSeat(IAttentionStrategy Attention, int[] Positions, int Replica, int Replicas, ICommunicator? Sequence = null, long Sink = 0)
{
    /// <summary>The place of a rank alone.</summary>
    public static StageSeat Alone(ComputeDevice device, int tokens) => new(new LocalAttention(device), [.. Enumerable.Range(0, tokens)], 0, 1);
}
