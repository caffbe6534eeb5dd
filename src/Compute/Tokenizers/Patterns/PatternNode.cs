using System.Runtime.CompilerServices;

namespace ActorRing.Compute.Tokenizers.Patterns;

/// <summary>
/// One step of a backtracking matcher. Each node knows what follows it, so a match of the first node is a match of the whole pattern,
/// and the first alternative that leads to the end wins, as in Oniguruma.
/// </summary>
internal abstract class PatternNode
{
    public const int NoMatch = -1;

    /// <returns>Where the whole match ends, or <see cref="NoMatch"/>.</returns>
    public abstract int Match(ReadOnlySpan<char> text, int at);
}

internal sealed class EndNode : PatternNode
{
    public override int Match(ReadOnlySpan<char> text, int at) => at;
}

internal sealed class OneNode(RuneSet set, PatternNode next) : PatternNode
{
    public override int Match(ReadOnlySpan<char> text, int at)
    {
        if (at >= text.Length) return NoMatch;
        var length = set.MatchLength(text, at);
        return length == 0 ? NoMatch : next.Match(text, at + length);
    }
}

internal sealed class ChoiceNode(PatternNode[] branches) : PatternNode
{
    public override int Match(ReadOnlySpan<char> text, int at)
    {
        foreach (var branch in branches)
        {
            var end = branch.Match(text, at);
            if (end != NoMatch) return end;
        }

        return NoMatch;
    }
}

/// <summary>Repeats one set. The common case, and the only one whose length grows with the text, so it does not recurse.</summary>
internal sealed class RepeatSetNode(RuneSet set, int min, int max, Appetite appetite, PatternNode next) : PatternNode
{
    public override int Match(ReadOnlySpan<char> text, int at)
    {
        var end = at;
        var count = 0;
        var limit = appetite == Appetite.Lazy ? min : max;
        while (count < limit && TryStep(text, ref end)) count++;
        if (count < min) return NoMatch;

        return appetite switch
        {
            Appetite.Possessive => next.Match(text, end),
            Appetite.Lazy => Grow(text, end, count),
            _ => Shrink(text, end, count),
        };
    }

    private int Shrink(ReadOnlySpan<char> text, int end, int count)
    {
        while (true)
        {
            var found = next.Match(text, end);
            if (found != NoMatch || count == min) return found;
            end -= char.IsLowSurrogate(text[end - 1]) ? 2 : 1;
            count--;
        }
    }

    private int Grow(ReadOnlySpan<char> text, int end, int count)
    {
        while (true)
        {
            var found = next.Match(text, end);
            if (found != NoMatch || count == max || !TryStep(text, ref end)) return found;
            count++;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryStep(ReadOnlySpan<char> text, ref int end)
    {
        if (end >= text.Length) return false;
        var length = set.MatchLength(text, end);
        end += length;
        return length != 0;
    }
}

/// <summary>Repeats a group without limit; the body's own continuation is this node. The body never matches the empty text.</summary>
internal sealed class RepeatGroupNode(bool lazy, PatternNode next) : PatternNode
{
    public PatternNode? Body { get; set; }

    public override int Match(ReadOnlySpan<char> text, int at)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new InvalidDataException("a repeated group of the tokenizer's pattern takes more turns in this text than the stack holds");
        var end = (lazy ? next : Body!).Match(text, at);
        return end != NoMatch ? end : (lazy ? Body! : next).Match(text, at);
    }
}

/// <summary>Matches its body once for good: what follows cannot make it give anything back.</summary>
internal sealed class AtomicNode(PatternNode body, PatternNode next) : PatternNode
{
    public override int Match(ReadOnlySpan<char> text, int at)
    {
        var end = body.Match(text, at);
        return end == NoMatch ? NoMatch : next.Match(text, end);
    }
}

internal sealed class LookAheadNode(PatternNode body, bool negated, PatternNode next) : PatternNode
{
    public override int Match(ReadOnlySpan<char> text, int at) =>
        body.Match(text, at) == NoMatch == negated ? next.Match(text, at) : NoMatch;
}

/// <summary>Looks at the <paramref name="length"/> code points before a position.</summary>
internal sealed class LookBehindNode(PatternNode body, int length, bool negated, PatternNode next) : PatternNode
{
    public override int Match(ReadOnlySpan<char> text, int at)
    {
        var start = at;
        var count = 0;
        for (; count < length && start > 0; count++) start -= char.IsLowSurrogate(text[start - 1]) ? 2 : 1;
        var found = count == length && body.Match(text[..at], start) == at;
        return found != negated ? next.Match(text, at) : NoMatch;
    }
}

internal sealed class AnchorNode(PatternAnchor kind, PatternNode next) : PatternNode
{
    public override int Match(ReadOnlySpan<char> text, int at) => Holds(text, at) ? next.Match(text, at) : NoMatch;

    private bool Holds(ReadOnlySpan<char> text, int at) => kind switch
    {
        PatternAnchor.TextStart => at == 0,
        PatternAnchor.TextEnd => at == text.Length,
        PatternAnchor.TextEndOrFinalNewline => at == text.Length || (at == text.Length - 1 && text[at] == '\n'),
        PatternAnchor.LineStart => at == 0 || (at < text.Length && text[at - 1] == '\n'),
        PatternAnchor.LineEnd => at == text.Length || text[at] == '\n',
        PatternAnchor.WordBoundary => WordBefore(text, at) != WordAfter(text, at),
        _ => WordBefore(text, at) == WordAfter(text, at),
    };

    private static bool WordBefore(ReadOnlySpan<char> text, int at)
    {
        if (at == 0) return false;
        return RuneProperty.IsWordAlone(char.IsLowSurrogate(text[at - 1]) ? char.ConvertToUtf32(text[at - 2], text[at - 1]) : text[at - 1]);
    }

    private static bool WordAfter(ReadOnlySpan<char> text, int at)
    {
        if (at == text.Length) return false;
        return RuneProperty.IsWordAlone(char.IsHighSurrogate(text[at]) ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at]);
    }
}
