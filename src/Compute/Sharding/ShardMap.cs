namespace ActorRing.Compute.Sharding;

/// <summary>
/// How the flat parameter vector is cut into logical shards. It depends on the model alone, so that sums, digests and checkpoints that go shard by shard do not change
/// with the number of ranks; a rank owns a contiguous run of shards.
/// </summary>
public sealed class ShardMap
{
    /// <summary>Most shards of a model.</summary>
    public const int MostShards = 512;

    private const long ShortestShard = 1024;
    private const long Alignment = 16;

    /// <summary>Cuts a vector.</summary>
    /// <param name="elements">Elements of the flat parameter vector, above 0.</param>
    public ShardMap(long elements)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(elements, 1);
        Elements = elements;
        var share = (elements + MostShards - 1) / MostShards;
        ShardElements = Math.Max(ShortestShard, (share + Alignment - 1) / Alignment * Alignment);
        Count = (int)((elements + ShardElements - 1) / ShardElements);
    }

    /// <summary>Elements of the flat vector.</summary>
    public long Elements { get; }

    /// <summary>Elements of every shard but the last, which may be shorter.</summary>
    public long ShardElements { get; }

    /// <summary>Number of shards, 1 to <see cref="MostShards"/>.</summary>
    public int Count { get; }

    /// <summary>One shard.</summary>
    /// <param name="shard">From 0.</param>
    public ShardRun this[int shard] => Run(shard, 1);

    /// <summary>All shards.</summary>
    public ShardRun All => Run(0, Count);

    /// <summary>The shards that one of some ranks owns: as even as whole shards can be, none where there are more ranks than shards.</summary>
    public ShardRun OwnedBy(int rank, int ranks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, ranks);
        var first = (int)((long)Count * rank / ranks);
        return Run(first, (int)((long)Count * (rank + 1) / ranks) - first);
    }

    /// <summary>Elements of the longest run that a rank owns.</summary>
    public long MostElements(int ranks) => Enumerable.Range(0, ranks).Max(rank => OwnedBy(rank, ranks).ElementCount);

    private ShardRun Run(int first, int count)
    {
        var start = Math.Min(first * ShardElements, Elements);
        return new ShardRun(first, count, start, Math.Min((first + count) * ShardElements, Elements) - start);
    }
}

/// <summary>Neighbouring shards and the elements of the flat vector that they cover.</summary>
/// <param name="FirstShard">First shard.</param>
/// <param name="ShardCount">Number of shards; 0 for none.</param>
/// <param name="FirstElement">First element.</param>
/// <param name="ElementCount">Number of elements; 0 for none.</param>
public readonly record struct ShardRun(int FirstShard, int ShardCount, long FirstElement, long ElementCount)
{
    /// <summary>One past the last shard.</summary>
    public int EndShard => FirstShard + ShardCount;

    /// <summary>One past the last element.</summary>
    public long EndElement => FirstElement + ElementCount;

    /// <summary>Whether there is nothing in it.</summary>
    public bool IsEmpty => ElementCount == 0;
}
