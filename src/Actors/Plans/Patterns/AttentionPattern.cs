using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

// Shape letters: B sequences of a micro-batch, S tokens of a sequence.

/// <summary>Which keys a query may see, in one layer and one micro-batch: the part of attention that changes while a plan stays.</summary>
/// <remarks>The rule is that of block attention in <c>actorring.h</c>, without block lists.</remarks>
public sealed class AttentionPattern
{
    private AttentionPattern(long tokens, int batch, bool isCausal, long window, long sink, ImmutableArray<SequenceGroup> groups)
    {
        Tokens = tokens;
        Batch = batch;
        IsCausal = isCausal;
        Window = window;
        Sink = window > 0 ? sink : 0;
        Groups = groups;
    }

    /// <summary>S.</summary>
    public long Tokens { get; }

    /// <summary>B.</summary>
    public int Batch { get; }

    /// <summary>Whether a query sees only positions up to its own.</summary>
    public bool IsCausal { get; }

    /// <summary>A query sees only the last so many positions, its own included; 0 for all.</summary>
    public long Window { get; }

    /// <summary>The first so many positions of a document stay visible outside the window; 0 where there is no window.</summary>
    public long Sink { get; }

    /// <summary>The sequences, neighbours with the same documents together, in ascending order.</summary>
    public ImmutableArray<SequenceGroup> Groups { get; }

    /// <summary>A pattern in which every sequence is one document.</summary>
    /// <param name="tokens">S, at least 1.</param>
    /// <param name="batch">B, at least 1.</param>
    /// <param name="isCausal">Whether a query sees only positions up to its own.</param>
    /// <param name="window">Sliding window in tokens, 0 for none; needs <paramref name="isCausal"/>.</param>
    /// <param name="sink">Positions at a document's start that stay visible outside the window.</param>
    /// <exception cref="PlanException">A value is out of its range.</exception>
    public static AttentionPattern Create(long tokens, int batch = 1, bool isCausal = true, long window = 0, long sink = 0)
    {
        Check(tokens, batch, isCausal, window, sink);
        return new(tokens, batch, isCausal, window, sink, [new(0, batch, [0])]);
    }

    /// <summary>The same pattern with packed documents.</summary>
    /// <param name="starts">For each of the B sequences the positions at which documents start, strictly ascending from 0; a last entry equal to S (as in
    /// cu_seqlens) is left out. Empty for one document.</param>
    /// <exception cref="PlanException">The starts of a sequence do not ascend from 0, or there are not B of them.</exception>
    /// <remarks>Cost: O(documents); the starts are copied.</remarks>
    public AttentionPattern WithDocuments(IReadOnlyList<ReadOnlyMemory<long>> starts)
    {
        ArgumentNullException.ThrowIfNull(starts);
        if (starts.Count != Batch)
        {
            throw Invariant.Refuse($"documents: given for {starts.Count} sequences; nearest possible: batch = {Batch} sequences");
        }

        var groups = new List<SequenceGroup>();
        for (var sequence = 0; sequence < starts.Count; sequence++)
        {
            var own = Normalised(sequence, starts[sequence].Span);
            if (groups.Count > 0 && groups[^1].DocumentStarts.AsSpan().SequenceEqual(own.AsSpan()))
            {
                groups[^1] = groups[^1] with { Count = groups[^1].Count + 1 };
            }
            else
            {
                groups.Add(new(sequence, 1, own));
            }
        }

        return new(Tokens, Batch, IsCausal, Window, Sink, [.. groups]);
    }

    private static void Check(long tokens, int batch, bool isCausal, long window, long sink)
    {
        if (tokens < 1)
        {
            throw Invariant.Refuse($"tokens = {tokens} must be at least 1; nearest possible: 1");
        }

        if (batch < 1)
        {
            throw Invariant.Refuse($"batch = {batch} must be at least 1; nearest possible: 1");
        }

        if (window < 0)
        {
            throw Invariant.Refuse($"window = {window} must not be negative; nearest possible: 0 (none)");
        }

        if (sink < 0)
        {
            throw Invariant.Refuse($"sink = {sink} must not be negative; nearest possible: 0 (none)");
        }

        if (window > 0 && !isCausal)
        {
            throw Invariant.Refuse($"window = {window} needs causal attention; nearest possible: window = 0 (none)");
        }
    }

    private ImmutableArray<long> Normalised(int sequence, ReadOnlySpan<long> starts)
    {
        if (starts.IsEmpty)
        {
            return [0];
        }

        if (starts.Length > 1 && starts[^1] == Tokens)
        {
            starts = starts[..^1];
        }

        for (var document = 0; document < starts.Length; document++)
        {
            var least = document == 0 ? 0 : starts[document - 1] + 1;
            if (starts[document] < least || starts[document] >= Tokens || (document == 0 && starts[0] != 0))
            {
                throw Invariant.Refuse($"sequence {sequence}: document {document} starts at {starts[document]} in {Tokens} tokens; nearest possible: {Math.Min(least, Tokens - 1)}");
            }
        }

        return ImmutableArray.Create(starts);
    }
}
