namespace ActorRing.Actors.Ids;

/// <summary>Position in one ring, which is also the number of the block of tokens that the position owns.</summary>
/// <param name="Index">From 0, below P (the ring size, cp where heads are sharded too).</param>
public readonly record struct RingRank(int Index);
