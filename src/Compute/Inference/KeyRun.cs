using ActorRing.Actors.Plans;

namespace ActorRing.Compute.Inference;

/// <summary>Neighbouring rows of a cache whose tokens stand at regular positions: what one call of attention takes.</summary>
/// <param name="Row">First row.</param>
/// <param name="Tokens">Positions of its rows.</param>
internal readonly record struct KeyRun(int Row, TokenRun Tokens)
{
    /// <summary>The row after the last.</summary>
    internal int End => Row + (int)Tokens.Count;
}
