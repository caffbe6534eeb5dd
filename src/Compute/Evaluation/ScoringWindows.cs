namespace ActorRing.Compute.Evaluation;

/// <summary>How documents are cut into windows of one length.</summary>
/// <param name="Tokens">L, tokens of a window, begin token included; at least 2.</param>
public sealed record ScoringWindows(int Tokens)
{
    /// <summary>Tokens from one window to the next; more than a window holds stands for all that it holds. At least 1.</summary>
    public int Stride { get; init; } = 256;

    /// <summary>Whether each document is cut to its first window instead.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>Id put in front of every window, so that its first token is scored too; null for none.</summary>
    public int? BeginToken { get; init; }

    /// <summary>Tokens of a document that a window holds.</summary>
    public int Content => Tokens - (BeginToken is null ? 0 : 1);

    /// <summary>The windows of a document: each scores what the one before has not seen.</summary>
    /// <param name="documentTokens">Tokens of the document.</param>
    public IEnumerable<ScoringWindow> Of(int documentTokens)
    {
        var end = IsTruncated ? Math.Min(documentTokens, Content) : documentTokens;
        var seen = 0;
        for (var first = 0; seen < end; first += Math.Min(Stride, Content))
        {
            var after = Math.Min(first + Content, end);
            yield return new(first, after, seen);
            seen = after;
        }
    }
}

/// <summary>One window of a document.</summary>
/// <param name="First">Its first token.</param>
/// <param name="End">The token after its last.</param>
/// <param name="FirstScored">The first token that it scores.</param>
public readonly record struct ScoringWindow(int First, int End, int FirstScored);
