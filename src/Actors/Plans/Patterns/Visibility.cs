namespace ActorRing.Actors.Plans;

// Rows are counted inside a run. With equal steps, query row i and key row j of one document see each other in a band: i + low <= j <= i + high.

/// <summary>What the queries of one run see of the keys of another, in whole numbers, without looking at single tokens.</summary>
/// <remarks>
/// Both runs must have the same step: all runs of a layout have. Cost of the ranges: O(log documents) for runs of neighbouring tokens and for stripes that
/// share their first and last documents; O(documents in both runs) at worst. Cost of the pairs: O(documents in both runs).
/// </remarks>
public static class Visibility
{
    /// <summary>Whether one query sees one key; the definition that everything else here agrees with.</summary>
    public static bool Sees(AttentionPattern pattern, SequenceGroup group, long queryPosition, long keyPosition)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(group);
        var document = group.DocumentAt(queryPosition);
        return group.DocumentAt(keyPosition) == document
            && (!pattern.IsCausal || keyPosition <= queryPosition)
            && (pattern.Window == 0 || keyPosition > queryPosition - pattern.Window || keyPosition < group.DocumentStarts[document] + pattern.Sink);
    }

    /// <summary>Rows of <paramref name="keys"/> that some row of <paramref name="queries"/> sees: those inside the window, and those that are sinks.</summary>
    /// <param name="pattern">Causality, window, sink.</param>
    /// <param name="group">Documents.</param>
    /// <param name="queries">Positions of the queries.</param>
    /// <param name="keys">Positions of the keys; step as that of <paramref name="queries"/>.</param>
    /// <returns>The least range that holds all rows seen through the window, and the same for sinks; none where nothing is seen. The sinks are empty where the
    /// other range already holds or touches them.</returns>
    public static (RowRange Near, RowRange Sinks) VisibleKeys(AttentionPattern pattern, SequenceGroup group, TokenRun queries, TokenRun keys)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(group);
        if (!SharedDocuments(pattern, group, queries, keys, out var first, out var last))
        {
            return default;
        }

        var band = new Band(pattern, group, queries, keys);
        var near = Cover(band, BandPart.NearKeys, first, last);
        if (pattern.Sink == 0)
        {
            return (near, default);
        }

        if (near.Count == 0)
        {
            return (default, Cover(band, BandPart.SinkKeys, first, last));
        }

        // Only sinks before or after the rows that are needed anyway can add to them: those of documents up to its first row, and from its last row on.
        var before = Cover(band, BandPart.SinkKeys, first, group.DocumentAt(keys.At(near.First)));
        var after = Cover(band, BandPart.SinkKeys, group.DocumentAt(keys.At(near.End - 1)), last);
        return Join(near, before.Count == 0 ? after : after.Count == 0 ? before : RowRange.Between(before.First, Math.Max(before.End, after.End)));
    }

    /// <summary>The least range that holds all rows of <paramref name="queries"/> that see some row of <paramref name="keys"/>.</summary>
    public static RowRange VisibleQueries(AttentionPattern pattern, SequenceGroup group, TokenRun queries, TokenRun keys)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(group);
        if (!SharedDocuments(pattern, group, queries, keys, out var first, out var last))
        {
            return default;
        }

        return Cover(new Band(pattern, group, queries, keys), BandPart.Queries, first, last);
    }

    /// <summary>How many (query, key) pairs see each other, exactly.</summary>
    public static long VisiblePairs(AttentionPattern pattern, SequenceGroup group, TokenRun queries, TokenRun keys)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(group);
        if (!SharedDocuments(pattern, group, queries, keys, out var first, out var last))
        {
            return 0;
        }

        var band = new Band(pattern, group, queries, keys);
        var pairs = 0L;
        for (var document = first; document <= last; document++)
        {
            pairs = checked(pairs + band.Pairs(document));
        }

        return pairs;
    }

    // Documents that may hold both a query and a key.
    private static bool SharedDocuments(AttentionPattern pattern, SequenceGroup group, TokenRun queries, TokenRun keys, out int first, out int last)
    {
        first = 0;
        last = -1;
        if (queries.Count <= 0 || keys.Count <= 0 || (pattern.IsCausal && keys.Start > queries.Last))
        {
            return false;
        }

        if (queries.Step != keys.Step)
        {
            throw new ArgumentException("queries and keys must have the same step");
        }

        long later = Math.Max(queries.Start, keys.Start), earlier = Math.Min(queries.Last, keys.Last);
        first = group.DocumentAt(Math.Min(later, earlier));
        last = group.DocumentAt(Math.Max(later, earlier));

        // Runs that lie apart share at most the one document that reaches from one to the other.
        return later <= earlier || first == last;
    }

    // From the first document that has such rows to the last one, found from both ends: the documents between need not be looked at.
    private static RowRange Cover(in Band band, BandPart part, int first, int last)
    {
        for (var low = first; low <= last; low++)
        {
            var rows = band.Rows(part, low);
            for (var high = last; rows.Count > 0; high--)
            {
                var end = band.Rows(part, high);
                if (end.Count > 0)
                {
                    return RowRange.Between(rows.First, end.End);
                }
            }
        }

        return default;
    }

    private static (RowRange Near, RowRange Sinks) Join(RowRange near, RowRange sinks)
    {
        if (sinks.Count == 0)
        {
            return (near, default);
        }

        return sinks.First <= near.End && near.First <= sinks.End
            ? (RowRange.Between(Math.Min(near.First, sinks.First), Math.Max(near.End, sinks.End)), default)
            : (near, sinks);
    }
}
