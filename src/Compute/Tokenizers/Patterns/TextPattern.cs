namespace ActorRing.Compute.Tokenizers.Patterns;

/// <summary>A stretch of text, in UTF-16 units, and whether a pattern matched it.</summary>
internal readonly record struct TextSpan(int Start, int End, bool IsMatch);

/// <summary>Finds stretches of text. Immutable and safe to share between threads.</summary>
internal abstract class TextPattern
{
    /// <summary>Finds the leftmost match that starts at or after <paramref name="from"/>.</summary>
    public abstract bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int end);

    /// <summary>Cuts the whole text into matches and the stretches between them, in order; spans are added to <paramref name="spans"/>.</summary>
    public void Cut(ReadOnlySpan<char> text, List<TextSpan> spans)
    {
        var covered = 0;
        var from = 0;
        var lastEnd = -1;
        while (from <= text.Length && TryFind(text, from, out var start, out var end))
        {
            if (start == end && end == lastEnd)
            {
                // An empty match right after the last one would never end; the search goes on one code point further.
                from += from < text.Length && char.IsHighSurrogate(text[from]) ? 2 : 1;
                continue;
            }

            if (covered < start) spans.Add(new TextSpan(covered, start, false));
            spans.Add(new TextSpan(start, end, true));
            (covered, from, lastEnd) = (end, end, end);
        }

        if (covered < text.Length) spans.Add(new TextSpan(covered, text.Length, false));
    }
}

/// <summary>Matches one string exactly, unit by unit.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    public string Literal => literal;

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        var at = text[from..].IndexOf(literal, StringComparison.Ordinal);
        start = from + at;
        end = start + literal.Length;
        return at >= 0;
    }
}

/// <summary>Matches single code points of a set.</summary>
internal sealed class RuneSetPattern(RuneSet set) : TextPattern
{
    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        for (start = from; start < text.Length; start += char.IsHighSurrogate(text[start]) ? 2 : 1)
        {
            var length = set.MatchLength(text, start);
            end = start + length;
            if (length != 0) return true;
        }

        end = start;
        return false;
    }
}

/// <summary>A regular expression of the Oniguruma (Ruby) dialect, over code points.</summary>
internal sealed class RunePattern : TextPattern
{
    private readonly PatternNode first;

    /// <exception cref="FormatException">The pattern uses syntax that this reader does not know; the message says which and where.</exception>
    public RunePattern(string pattern) => first = PatternLinker.Link(new PatternParser(pattern).Parse(), new EndNode());

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        for (start = from; start <= text.Length; start += start < text.Length && char.IsHighSurrogate(text[start]) ? 2 : 1)
        {
            end = first.Match(text, start);
            if (end != PatternNode.NoMatch) return true;
        }

        end = start;
        return false;
    }
}
