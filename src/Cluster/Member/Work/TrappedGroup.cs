using ActorRing.Actors.Messages;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Cluster.Member.Work;

/// <summary>An update group with a place to fail on purpose: before gradients are summed.</summary>
internal sealed class TrappedGroup(IUpdateGroup group, Native.ComputeDevice device, FaultTrap trap) : IUpdateGroup
{
    public int Rank => group.Rank;

    public int Ranks => group.Ranks;

    public double Sum(double value) => group.Sum(value);

    public void Reduce(ShardMap shards, in Tensor flat)
    {
        if (trap.Reach(FaultPoint.Reduce) is { } fault)
        {
            device.Write<float>([fault == Fault.Inf ? float.PositiveInfinity : float.NaN], flat.Slice(0, 0, 1));
        }

        group.Reduce(shards, flat);
    }

    public void Gather(ShardMap shards, in Tensor flat) => group.Gather(shards, flat);

    public void Gather(ShardMap shards, Span<long> table) => group.Gather(shards, table);
}
