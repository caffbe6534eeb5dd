namespace ActorRing.Actors.Plans;

/// <summary>Query heads of one rank that share their KV heads evenly, so that one call of block attention can take them.</summary>
/// <param name="Queries">Query heads, counted from the first of the rank.</param>
/// <param name="Keys">KV heads, counted from the first of the rank; their number divides that of the query heads.</param>
public readonly record struct HeadSegment(HeadSpan Queries, HeadSpan Keys);
