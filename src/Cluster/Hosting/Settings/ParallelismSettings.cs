using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>How ranks share a job.</summary>
/// <param name="Ranks">Wanted.</param>
/// <param name="MinRanks">Enough to go on with; at most <paramref name="Ranks"/>.</param>
/// <param name="Mode">As <see cref="Actors.Plans.SequenceModes"/> spells it.</param>
/// <param name="DataParallel">Replicas; 0 for as few as can be.</param>
/// <param name="Ulysses">Ranks that share heads; 0 for what the mode takes.</param>
/// <param name="RingMode">Between head groups of usp.</param>
/// <param name="InnerWindow">Of a double ring; 0 for the usual one.</param>
/// <param name="Granularity">How finely rotations wait for each other.</param>
/// <param name="Transport">How tensors travel.</param>
/// <param name="HopDeadline">What a transfer may take.</param>
public sealed record ParallelismSettings(
    int Ranks, int MinRanks, string Mode, int DataParallel, int Ulysses, string RingMode, int InnerWindow, GrantGranularity Granularity, TensorTransport Transport, TimeSpan HopDeadline);

/// <summary>How tensors travel between ranks.</summary>
public enum TensorTransport
{
    /// <summary>Shared memory of one machine.</summary>
    Shm,

    /// <summary>TCP.</summary>
    Gloo,
}
