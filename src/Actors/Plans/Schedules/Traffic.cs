namespace ActorRing.Actors.Plans;

/// <summary>What a rank sends in one pass.</summary>
/// <param name="Bytes">Bytes, without any framing.</param>
/// <param name="Hops">Transfers.</param>
public readonly record struct Traffic(long Bytes, int Hops);
