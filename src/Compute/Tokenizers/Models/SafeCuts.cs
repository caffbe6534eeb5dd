namespace ActorRing.Compute.Tokenizers.Models;

/// <summary>
/// Finds where a long piece falls apart into stretches that cannot influence each other: between two characters of the vocabulary that stand
/// side by side in no merged token, no merge can ever reach across. Immutable once built.
/// </summary>
internal sealed class SafeCuts
{
    private readonly HashSet<long> joined = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ids;

    public SafeCuts(BpeDefinition definition)
    {
        ids = definition.Ids.GetAlternateLookup<ReadOnlySpan<char>>();
        var results = definition.Merges.Select(merge => merge.Result).ToHashSet();
        foreach (var (token, id) in definition.Ids)
        {
            if (!results.Contains(id)) continue;
            var previous = -1;
            foreach (var rune in token.EnumerateRunes())
            {
                if (previous >= 0) joined.Add(Pair(previous, rune.Value));
                previous = rune.Value;
            }
        }
    }

    /// <summary>Length of the stretch that <paramref name="piece"/> starts with: up to the first place where it may be cut, or all of it.</summary>
    public int FirstStretch(ReadOnlySpan<char> piece)
    {
        var previous = -1;
        var start = 0;
        for (var at = 0; at < piece.Length;)
        {
            var length = char.IsHighSurrogate(piece[at]) ? 2 : 1;
            var rune = length == 2 ? char.ConvertToUtf32(piece[at], piece[at + 1]) : piece[at];

            // A character that is not in the vocabulary becomes other tokens, or fuses with its like, so nothing is said about its sides.
            if (previous >= 0 && !joined.Contains(Pair(previous, rune)) && IsKnown(piece[start..at]) && IsKnown(piece.Slice(at, length))) return at;
            (previous, start) = (rune, at);
            at += length;
        }

        return piece.Length;
    }

    private bool IsKnown(ReadOnlySpan<char> character) => ids.ContainsKey(character);

    private static long Pair(int left, int right) => ((long)left << 32) | (uint)right;
}
