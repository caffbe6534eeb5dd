using System.Buffers.Binary;
using System.Security.Cryptography;
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
    private const int HashNumbers = StateHash.ResultBytes / sizeof(long);

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

    /// <summary>What weights, moments and the number of updates come to. Collective; equal on every rank, and equal for the same state on any number of ranks.</summary>
    /// <remarks>
    /// <see cref="StateHash"/> of each logical shard (weights, first, second moments) by its owner, gathered; then SHA-256 of these in ascending order and the number of
    /// updates, of which the first 64 bits are the digest. It is there to notice faults, not forgery. Cost: one pass over 12 bytes of each owned element on one core.
    /// </remarks>
    /// <param name="progress">Told of the bytes that are hashed; null for none.</param>
    public StateDigest Digest(ByteProgress? progress = null)
    {
        Span<long> hashes = stackalloc long[HashNumbers * Shards.Count];
        var shardHash = new StateHash();
        Span<byte> hash = stackalloc byte[StateHash.ResultBytes];
        for (var shard = Optimizer.Owned.FirstShard; shard < Optimizer.Owned.EndShard; shard++)
        {
            foreach (var (_, part) in PartsOf(shard))
            {
                TensorBytes.Read(Parameters.Device, part, shardHash.Append, progress);
            }

            shardHash.GetAndBegin(hash);
            for (var i = 0; i < HashNumbers; i++)
            {
                hashes[(HashNumbers * shard) + i] = BinaryPrimitives.ReadInt64BigEndian(hash[(sizeof(long) * i)..]);
            }
        }

        Group.Gather(Shards, hashes);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        foreach (var value in hashes)
        {
            BinaryPrimitives.WriteInt64BigEndian(number, value);
            sha256.AppendData(number);
        }

        BinaryPrimitives.WriteInt64BigEndian(number, Optimizer.Updates);
        sha256.AppendData(number);
        sha256.GetHashAndReset(hash);
        return new StateDigest(BinaryPrimitives.ReadUInt64BigEndian(hash));
    }

    (string Name, Tensor Part)[] IShardSource.PartsOf(int shard) => PartsOf(shard);

    /// <summary>Weights, first and second moments of an owned shard, in the order in which they are hashed and stored.</summary>
    internal (string Name, Tensor Part)[] PartsOf(int shard)
    {
        var run = Shards[shard];
        var own = run.FirstElement - Optimizer.Owned.FirstElement;
        return
        [
            (ShardParts.Weights, Parameters.Master.Flat.Slice(0, run.FirstElement, run.ElementCount)),
            (ShardParts.First, Optimizer.First.Slice(0, own, run.ElementCount)),
            (ShardParts.Second, Optimizer.Second.Slice(0, own, run.ElementCount)),
        ];
    }
}

/// <summary>What a shard consists of.</summary>
internal static class ShardParts
{
    internal const string Weights = "weights";
    internal const string First = "first_moments";
    internal const string Second = "second_moments";
}
