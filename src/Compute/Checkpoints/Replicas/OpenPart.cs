using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Compute.Sharding;
using ActorRing.Native;

namespace ActorRing.Compute.Checkpoints.Replicas;

/// <summary>A part that somebody reads: it stays in memory until he disposes of this.</summary>
public sealed class OpenPart : IShardSource, IDisposable
{
    private readonly ReplicaStore _store;
    private readonly StatePart _part;
    private readonly ShardMap _shards;
    private readonly ShardRun _run;
    private readonly ComputeDevice _host;

    internal OpenPart(ReplicaStore store, StatePart part, PartName name, ShardMap shards, ComputeDevice host)
    {
        (_store, _part, Name, _shards, _host) = (store, part, name, shards, host);
        _run = shards.OwnedBy(name.Part, name.Parts);
    }

    /// <summary>Which part.</summary>
    public PartName Name { get; }

    /// <summary>What of it is not what the state came to; null if nothing.</summary>
    /// <remarks>Cost: a pass over it on one core.</remarks>
    internal string? FindChange() => _part.Hashes?.FindChange(this);

    ShardMap IShardSource.Shards => _shards;

    int IShardSource.Rank => Name.Part;

    int IShardSource.Ranks => Name.Parts;

    ComputeDevice IShardSource.Device => _host;

    (string Name, Tensor Part)[] IShardSource.PartsOf(int shard)
    {
        var (first, count) = (_shards[shard].FirstElement - _run.FirstElement, _shards[shard].ElementCount);
        return [(ShardParts.Weights, _part.Slice(0, first, count)), (ShardParts.First, _part.Slice(1, first, count)), (ShardParts.Second, _part.Slice(2, first, count))];
    }

    /// <inheritdoc/>
    public void Dispose() => _store.Return(_part);
}
