using ActorRing.Compute.Tokenizers.Patterns;

namespace ActorRing.Compute.Tokenizers.PreTokenizers;

/// <summary>What becomes of the delimiters that a pattern matched.</summary>
internal enum SplitBehavior
{
    /// <summary>Each delimiter is a piece.</summary>
    Isolated,

    /// <summary>Delimiters are dropped.</summary>
    Removed,

    /// <summary>A delimiter ends the piece before it; in a row of delimiters, only the first does.</summary>
    MergedWithPrevious,

    /// <summary>A delimiter starts the piece after it; in a row of delimiters, only the last does.</summary>
    MergedWithNext,

    /// <summary>Delimiters in a row are one piece.</summary>
    Contiguous,
}

/// <summary>Applies a <see cref="SplitBehavior"/> to the spans of one piece.</summary>
internal static class SplitBehaviorRules
{
    /// <summary>Merges or drops spans in place; what is left are the pieces, some perhaps empty.</summary>
    public static void Arrange(this SplitBehavior behavior, List<TextSpan> spans)
    {
        switch (behavior)
        {
            case SplitBehavior.Removed:
                spans.RemoveAll(span => span.IsMatch);
                break;
            case SplitBehavior.Contiguous:
                Merge(spans, (wasMatch, isMatch) => wasMatch == isMatch);
                break;
            case SplitBehavior.MergedWithPrevious:
                Merge(spans, (wasMatch, isMatch) => isMatch && !wasMatch);
                break;
            case SplitBehavior.MergedWithNext:
                MergeBackwards(spans);
                break;
        }
    }

    private static void Merge(List<TextSpan> spans, Func<bool, bool, bool> joins)
    {
        var kept = 0;
        var wasMatch = false;
        for (var i = 0; i < spans.Count; i++)
        {
            var span = spans[i];
            if (kept > 0 && joins(wasMatch, span.IsMatch)) spans[kept - 1] = spans[kept - 1] with { End = span.End };
            else spans[kept++] = span;
            wasMatch = span.IsMatch;
        }

        spans.RemoveRange(kept, spans.Count - kept);
    }

    private static void MergeBackwards(List<TextSpan> spans)
    {
        var kept = spans.Count;
        var wasMatch = false;
        for (var i = spans.Count - 1; i >= 0; i--)
        {
            var span = spans[i];
            if (kept < spans.Count && span.IsMatch && !wasMatch) spans[kept] = spans[kept] with { Start = span.Start };
            else spans[--kept] = span;
            wasMatch = span.IsMatch;
        }

        spans.RemoveRange(0, kept);
    }
}
