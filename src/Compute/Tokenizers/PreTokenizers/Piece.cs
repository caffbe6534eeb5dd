namespace ActorRing.Compute.Tokenizers.PreTokenizers;

/// <summary>A stretch of normalised text that becomes tokens on its own.</summary>
/// <param name="Text">The text it lies in.</param>
/// <param name="Start">First UTF-16 unit.</param>
/// <param name="Length">Length in UTF-16 units, at least 1.</param>
/// <param name="AtOrigin">Whether its first character comes from the first character of what the caller gave to encode.</param>
internal readonly record struct Piece(string Text, int Start, int Length, bool AtOrigin)
{
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);
}
