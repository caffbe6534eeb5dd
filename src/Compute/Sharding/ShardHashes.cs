using System.Buffers.Binary;
using System.Security.Cryptography;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Checkpoints;
using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Sharding;

/// <summary>
/// What each logical shard of a state comes to: its weights, which every rank has, and its moments, which its owner has. The digest of the state is made from it, and whatever
/// is said to be a part of that state can be compared with it: working copies, replicas.
/// </summary>
/// <remarks>128 bits each, the front of a <see cref="StateHash"/>. Not changed once the digest is made.</remarks>
internal sealed class ShardHashes
{
    private const int NumbersEach = 2;
    private const int Numbers = 2 * NumbersEach;

    private readonly long[] _table;

    /// <param name="shards">Of the model.</param>
    internal ShardHashes(ShardMap shards) => _table = new long[Numbers * shards.Count];

    /// <summary>All of it, by shard: 4 numbers each.</summary>
    internal Span<long> Table => _table;

    /// <summary>Notes what the shards of a part come to.</summary>
    /// <remarks>Cost: a pass over 12 bytes of each element on one core.</remarks>
    internal void Take(IShardSource source, ByteProgress? progress)
    {
        var hash = new StateHash();
        var owned = source.Shards.OwnedBy(source.Rank, source.Ranks);
        for (var shard = owned.FirstShard; shard < owned.EndShard; shard++)
        {
            var parts = source.PartsOf(shard);
            Append(hash, source.Device, parts.AsSpan(0, 1), progress);
            Finish(hash, WeightsOf(shard));
            Append(hash, source.Device, parts.AsSpan(1), progress);
            Finish(hash, MomentsOf(shard));
        }
    }

    /// <summary>What of a part is not what was noted; null if everything is.</summary>
    /// <remarks>Cost: as <see cref="Take"/>.</remarks>
    internal string? FindChange(IShardSource source)
    {
        var owned = source.Shards.OwnedBy(source.Rank, source.Ranks);
        for (var shard = owned.FirstShard; shard < owned.EndShard; shard++)
        {
            var parts = source.PartsOf(shard);
            if (!IsOf(source.Device, parts.AsSpan(0, 1), WeightsOf(shard)))
            {
                return $"the weights of shard {shard}";
            }

            if (!IsOf(source.Device, parts.AsSpan(1), MomentsOf(shard)))
            {
                return $"the moments of shard {shard}";
            }
        }

        return null;
    }

    /// <summary>Whether weights are those of a shard.</summary>
    internal bool AreWeights(int shard, ComputeDevice device, Tensor weights) => IsOf(device, [("", weights)], WeightsOf(shard));

    /// <summary>SHA-256 of the table in ascending order of shards and the number of updates; its first 64 bits.</summary>
    internal StateDigest Digest(long updates)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        foreach (var value in _table)
        {
            BinaryPrimitives.WriteInt64BigEndian(number, value);
            sha256.AppendData(number);
        }

        BinaryPrimitives.WriteInt64BigEndian(number, updates);
        sha256.AppendData(number);
        Span<byte> result = stackalloc byte[SHA256.HashSizeInBytes];
        sha256.GetHashAndReset(result);
        return new StateDigest(BinaryPrimitives.ReadUInt64BigEndian(result));
    }

    private static bool IsOf(ComputeDevice device, ReadOnlySpan<(string Name, Tensor Part)> parts, ReadOnlySpan<long> expected)
    {
        var hash = new StateHash();
        Append(hash, device, parts, null);
        Span<long> found = stackalloc long[NumbersEach];
        Finish(hash, found);
        return found.SequenceEqual(expected);
    }

    private static void Append(StateHash hash, ComputeDevice device, ReadOnlySpan<(string Name, Tensor Part)> parts, ByteProgress? progress)
    {
        foreach (var (_, part) in parts)
        {
            TensorBytes.Read(device, part, hash.Append, progress);
        }
    }

    private static void Finish(StateHash hash, Span<long> numbers)
    {
        Span<byte> bytes = stackalloc byte[StateHash.ResultBytes];
        hash.GetAndBegin(bytes);
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadInt64BigEndian(bytes[(sizeof(long) * i)..]);
        }
    }

    private Span<long> WeightsOf(int shard) => _table.AsSpan(Numbers * shard, NumbersEach);

    private Span<long> MomentsOf(int shard) => _table.AsSpan((Numbers * shard) + NumbersEach, NumbersEach);
}
