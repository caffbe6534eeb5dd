namespace ActorRing.Actors.Ids;

/// <summary>Position in the job, over all replicas.</summary>
/// <param name="Index">From 0, below dp x cp x hp.</param>
public readonly record struct GlobalRank(int Index);
