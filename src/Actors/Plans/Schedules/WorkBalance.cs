namespace ActorRing.Actors.Plans;

/// <summary>How evenly visible pairs fall on ranks and steps.</summary>
/// <param name="TotalPairs">Visible (query, key) pairs of all sequences and ranks.</param>
/// <param name="SlowestRankPairs">Those of the rank that has most of them.</param>
/// <param name="LockstepPairs">Sum over steps of the most that any rank has in that step: the length of the schedule if all ranks wait for the slowest at
/// every step.</param>
public readonly record struct WorkBalance(long TotalPairs, long SlowestRankPairs, long LockstepPairs);
