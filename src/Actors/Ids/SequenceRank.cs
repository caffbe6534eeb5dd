namespace ActorRing.Actors.Ids;

/// <summary>
/// Position among the ranks that share one sequence: ring rank times Ulysses degree plus head index. Equal to the ring rank where heads are not sharded.
/// </summary>
/// <param name="Index">From 0, below cp x hp.</param>
public readonly record struct SequenceRank(int Index);
