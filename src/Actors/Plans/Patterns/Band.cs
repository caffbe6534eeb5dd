namespace ActorRing.Actors.Plans;

/// <summary>Rows that <see cref="Band"/> is asked for.</summary>
internal enum BandPart
{
    /// <summary>Keys seen through the window.</summary>
    NearKeys,

    /// <summary>Sinks seen, in the window or not.</summary>
    SinkKeys,

    /// <summary>Queries that see a key.</summary>
    Queries,
}

/// <summary>
/// Visibility between two runs of equal step, document by document. In one document with query rows <c>[q0, q1)</c> and key rows <c>[k0, k1)</c>, query i
/// sees key j iff <c>i + low &lt;= j &lt;= i + high</c>, or j is a sink and <c>j &lt;= i + high</c>.
/// </summary>
internal readonly struct Band
{
    private readonly AttentionPattern _pattern;
    private readonly SequenceGroup _group;
    private readonly TokenRun _queries;
    private readonly TokenRun _keys;
    private readonly long _low;
    private readonly long _high;

    internal Band(AttentionPattern pattern, SequenceGroup group, TokenRun queries, TokenRun keys)
    {
        _pattern = pattern;
        _group = group;
        _queries = queries;
        _keys = keys;

        // Beyond every row, yet far from overflow.
        const long Unbounded = 1L << 50;
        var ahead = queries.Start - keys.Start;
        _high = pattern.IsCausal ? Division.Floor(ahead, queries.Step) : Unbounded;
        _low = pattern.Window > 0 ? Division.Ceiling(ahead - pattern.Window + 1, queries.Step) : -Unbounded;
    }

    internal RowRange Rows(BandPart part, int document) => part switch
    {
        BandPart.NearKeys => NearKeys(document),
        BandPart.SinkKeys => SinkKeys(document),
        _ => Queries(document),
    };

    private RowRange NearKeys(int document)
    {
        RowRange queries = RowsOf(document, _queries), keys = RowsOf(document, _keys);
        if (queries.Count == 0 || _low > _high)
        {
            return default;
        }

        // Key j is seen by the queries j - high to j - low; those exist iff this interval meets [q0, q1).
        return RowRange.Between(Math.Max(keys.First, queries.First + _low), Math.Min(keys.End, queries.End + _high));
    }

    private RowRange SinkKeys(int document)
    {
        RowRange queries = RowsOf(document, _queries), sinks = Sinks(document);
        return queries.Count == 0 ? default : RowRange.Between(sinks.First, Math.Min(sinks.End, queries.End + _high));
    }

    private RowRange Queries(int document)
    {
        RowRange queries = RowsOf(document, _queries), keys = RowsOf(document, _keys);
        if (keys.Count == 0)
        {
            return default;
        }

        var first = Math.Max(queries.First, keys.First - _high);
        var sinks = Sinks(document);
        var end = sinks.Count > 0 ? queries.End : _low > _high ? first : Math.Min(queries.End, keys.End - _low);
        return RowRange.Between(first, end);
    }

    internal long Pairs(int document)
    {
        RowRange queries = RowsOf(document, _queries), keys = RowsOf(document, _keys), sinks = Sinks(document);
        if (queries.Count == 0 || keys.Count == 0)
        {
            return 0;
        }

        if (!_pattern.IsCausal)
        {
            return checked(queries.Count * keys.Count);
        }

        // Sinks are the first keys of a document.
        var others = RowRange.Between(keys.First + sinks.Count, keys.End);
        return PairsUpTo(queries, sinks, _high) + (_low > _high ? 0 : PairsUpTo(queries, others, _high) - PairsUpTo(queries, others, _low - 1));
    }

    // Pairs with j <= i + offset: each query i sees the first (i + offset + 1 - k0) of the keys, as far as there are so many.
    private static long PairsUpTo(RowRange queries, RowRange keys, long offset)
    {
        var seenByFirst = queries.First + offset + 1 - keys.First;
        return Staircase(seenByFirst + queries.Count - 1, keys.Count) - Staircase(seenByFirst - 1, keys.Count);
    }

    // Sum of min(x, limit) for x = 1 to count.
    private static long Staircase(long count, long limit) =>
        count <= 0 ? 0 : count <= limit ? checked(count * (count + 1)) / 2 : (checked(limit * (limit + 1)) / 2) + checked((count - limit) * limit);

    // Rows of a run that lie in a document.
    private RowRange RowsOf(int document, TokenRun run) => RowsBetween(run, _group.DocumentStarts[document], _group.DocumentEnd(document));

    private RowRange Sinks(int document)
    {
        var start = _group.DocumentStarts[document];
        return _pattern.Sink == 0
            ? RowsOf(document, _keys) with { Count = 0 }
            : RowsBetween(_keys, start, Math.Min(start + _pattern.Sink, _group.DocumentEnd(document)));
    }

    private static RowRange RowsBetween(TokenRun run, long start, long end)
    {
        var first = Math.Clamp(Division.Ceiling(start - run.Start, run.Step), 0, run.Count);
        var after = end > run.Last ? run.Count : Math.Clamp(Division.Ceiling(end - run.Start, run.Step), 0, run.Count);
        return after > first ? new(first, after - first) : new(first, 0);
    }
}
