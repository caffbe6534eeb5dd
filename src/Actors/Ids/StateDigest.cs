namespace ActorRing.Actors.Ids;

/// <summary>What a rank's weights, optimiser state and data cursor come to after a number of updates: equal on all ranks, and equal in every run of the job.</summary>
/// <param name="Value">64 bits of a hash that the compute side chooses.</param>
public readonly record struct StateDigest(ulong Value);
