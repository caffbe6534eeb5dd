using ActorRing.Actors.Ids;
using ActorRing.Compute.Checkpoints;
using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Sharding;

/// <summary>What a rank has of the state that training goes on from: all weights, and the moments of the shards that it owns.</summary>
public sealed class TrainingState : IShardSource
{
    /// <summary>Puts the parts together; all are borrowed.</summary>
    /// <exception cref="ArgumentException">The optimiser has the moments of other shards than this rank owns in the group.</exception>
    public TrainingState(Parameters parameters, AdamW optimizer, IUpdateGroup group)
    {
        Parameters = parameters;
        Optimizer = optimizer;
        Group = group.RequireOwner(parameters, optimizer);
    }

    /// <summary>All weights.</summary>
    public Parameters Parameters { get; }

    /// <summary>Moments of the owned shards.</summary>
    public AdamW Optimizer { get; }

    /// <summary>The ranks that have the state together.</summary>
    public IUpdateGroup Group { get; }

    /// <summary>How the state is cut.</summary>
    public ShardMap Shards => Parameters.Layout.Shards;

    int IShardSource.Rank => Group.Rank;

    int IShardSource.Ranks => Group.Ranks;

    ComputeDevice IShardSource.Device => Parameters.Device;

    /// <summary>What each shard came to when the digest was made last; null before.</summary>
    internal ShardHashes? Hashes { get; private set; }

    /// <summary>What weights, moments and the number of updates come to. Collective; equal on every rank, and equal for the same state on any number of ranks.</summary>
    /// <remarks>
    /// <see cref="StateHash"/> of the weights and of the moments of each logical shard by its owner, gathered; then <see cref="ShardHashes.Digest"/>. It is there to notice faults,
    /// not forgery. Cost: one pass over 12 bytes of each owned element on one core.
    /// </remarks>
    /// <param name="progress">Told of the bytes that are hashed; null for none.</param>
    public StateDigest Digest(ByteProgress? progress = null)
    {
        var hashes = new ShardHashes(Shards);
        hashes.Take(this, progress);
        Group.Gather(Shards, hashes.Table);
        Hashes = hashes;
        return hashes.Digest(Optimizer.Updates);
    }

    /// <summary>What this rank has and what is not what it was when the digest was made last; null if everything is. Not collective.</summary>
    /// <remarks>Every weight, its own copies of other ranks' included, and the owned moments. Cost: one pass over 4 bytes of each element and 8 of each owned one, on one core.</remarks>
    internal string? FindChange()
    {
        if (Hashes is not { } hashes)
        {
            return null;
        }

        for (var shard = 0; shard < Shards.Count; shard++)
        {
            if (!IsOwned(shard) && !hashes.AreWeights(shard, Parameters.Device, WeightsOf(shard)))
            {
                return $"its copy of the weights of shard {shard}";
            }
        }

        return hashes.FindChange(this);
    }

    (string Name, Tensor Part)[] IShardSource.PartsOf(int shard) => PartsOf(shard);

    /// <summary>Weights, first and second moments of an owned shard, in the order in which they are hashed and stored.</summary>
    internal (string Name, Tensor Part)[] PartsOf(int shard)
    {
        var run = Shards[shard];
        var own = run.FirstElement - Optimizer.Owned.FirstElement;
        return
        [
            (ShardParts.Weights, WeightsOf(shard)),
            (ShardParts.First, Optimizer.First.Slice(0, own, run.ElementCount)),
            (ShardParts.Second, Optimizer.Second.Slice(0, own, run.ElementCount)),
        ];
    }

    private Tensor WeightsOf(int shard) => Parameters.Master.Flat.Slice(0, Shards[shard].FirstElement, Shards[shard].ElementCount);

    private bool IsOwned(int shard) => shard >= Optimizer.Owned.FirstShard && shard < Optimizer.Owned.EndShard;
}

/// <summary>What a shard consists of.</summary>
internal static class ShardParts
{
    internal const string Weights = "weights";
    internal const string First = "first_moments";
    internal const string Second = "second_moments";
}
