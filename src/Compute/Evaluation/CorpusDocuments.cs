using ActorRing.Compute.Data;

namespace ActorRing.Compute.Evaluation;

/// <summary>The documents of a corpus, one at a time, each on its own.</summary>
/// <param name="corpus">Borrowed.</param>
public sealed class CorpusDocuments(TokenizedCorpus corpus)
{
    // Boundaries are looked for in stretches of so many tokens.
    private const int Stretch = 1 << 16;

    /// <summary>Least tokens of a document that is taken.</summary>
    public int MinTokens { get; init; }

    /// <summary>Most documents that are taken.</summary>
    public long Samples { get; init; } = long.MaxValue;

    /// <summary>An id that documents may begin with and that does not belong to them; null for none.</summary>
    public int? BeginToken { get; init; }

    /// <summary>Ids of each document, empty ones left out, begin token left out.</summary>
    public IEnumerable<int[]> All()
    {
        var taken = 0L;
        foreach (var (start, end) in Bounds())
        {
            if (taken == Samples)
            {
                yield break;
            }

            var ids = new int[checked((int)(end - start))];
            corpus.Read(start, ids);
            ids = ids.Length > 0 && ids[0] == BeginToken ? ids[1..] : ids;
            if (ids.Length >= Math.Max(1, MinTokens))
            {
                taken++;
                yield return ids;
            }
        }
    }

    private IEnumerable<(long Start, long End)> Bounds()
    {
        var found = new long[Stretch];
        var start = 0L;
        for (var position = 0L; position < corpus.TokenCount; position += Stretch)
        {
            var length = (int)Math.Min(Stretch, corpus.TokenCount - position);
            var count = corpus.FindDocumentStarts(position, length, found.AsSpan(0, length));
            for (var at = 0; at < count; at++)
            {
                yield return (start, position + found[at]);
                start = position + found[at];
            }
        }
    }
}
