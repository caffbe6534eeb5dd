using ActorRing.Compute.Sharding;
using ActorRing.Native;

namespace ActorRing.Compute.Checkpoints.Training;

/// <summary>One rank's part of a state, as a file of it is written: the state itself, or a copy that was put aside.</summary>
internal interface IShardSource
{
    /// <summary>How the state is cut.</summary>
    ShardMap Shards { get; }

    /// <summary>Whose part it is.</summary>
    int Rank { get; }

    /// <summary>Ranks that have the state together.</summary>
    int Ranks { get; }

    /// <summary>Where the tensors are.</summary>
    ComputeDevice Device { get; }

    /// <summary>Weights, first and second moments of a shard of this part, in the order in which they are stored.</summary>
    (string Name, Tensor Part)[] PartsOf(int shard);
}
