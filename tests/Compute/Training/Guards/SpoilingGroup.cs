using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Training.Guards;

/// <summary>A group in which something happens to a rank's gradients before they are summed.</summary>
internal sealed class SpoilingGroup(IUpdateGroup group) : IUpdateGroup
{
    /// <summary>What happens to them; null for nothing.</summary>
    internal Action<Tensor>? Spoil { get; set; }

    public int Rank => group.Rank;

    public int Ranks => group.Ranks;

    public double Sum(double value) => group.Sum(value);

    public void Reduce(ShardMap shards, in Tensor flat)
    {
        Spoil?.Invoke(flat);
        group.Reduce(shards, flat);
    }

    public void Gather(ShardMap shards, in Tensor flat) => group.Gather(shards, flat);

    public void Gather(ShardMap shards, Span<long> table) => group.Gather(shards, table);
}
