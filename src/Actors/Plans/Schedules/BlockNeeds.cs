using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>What the queries of one block need of the keys of another, under one pattern and layout.</summary>
internal sealed class BlockNeeds(AttentionPattern pattern, TokenLayout layout)
{
    internal AttentionPattern Pattern => pattern;

    internal TokenLayout Layout => layout;

    /// <summary>Rows of <paramref name="keyBlock"/> that queries of <paramref name="queryBlock"/> see.</summary>
    internal RowSet Keys(int queryBlock, int keyBlock)
    {
        var slices = new List<RowSlice>();
        foreach (var group in pattern.Groups)
        {
            var keyFirst = 0L;
            foreach (var keys in layout.Runs(keyBlock))
            {
                foreach (var queries in layout.Runs(queryBlock))
                {
                    var (near, sinks) = Visibility.VisibleKeys(pattern, group, queries, keys);
                    Add(slices, group, keyFirst, sinks);
                    Add(slices, group, keyFirst, near);
                }

                keyFirst += keys.Count;
            }
        }

        return slices.Count == 0 ? RowSet.Empty : RowSet.Of(slices);
    }

    /// <summary>Rows of <paramref name="queryBlock"/> that see keys of <paramref name="keyBlock"/>.</summary>
    internal RowSet Queries(int queryBlock, int keyBlock)
    {
        var slices = new List<RowSlice>();
        foreach (var group in pattern.Groups)
        {
            var queryFirst = 0L;
            foreach (var queries in layout.Runs(queryBlock))
            {
                Add(slices, group, queryFirst, Seeing(group, queries, keyBlock));
                queryFirst += queries.Count;
            }
        }

        return slices.Count == 0 ? RowSet.Empty : RowSet.Of(slices);
    }

    /// <summary>The calls that attend <paramref name="queryBlock"/> to <paramref name="keyBlock"/>, ascending by group, query run and keys.</summary>
    /// <param name="queryBlock">Whose queries.</param>
    /// <param name="keyBlock">Whose keys.</param>
    /// <param name="cutsQueries">Whether queries that see nothing stay out of a call: where queries travel. Otherwise a call takes whole runs.</param>
    internal List<BlockCall> Calls(int queryBlock, int keyBlock, bool cutsQueries = false)
    {
        var calls = new List<BlockCall>();
        for (var group = 0; group < pattern.Groups.Length; group++)
        {
            var queryFirst = 0L;
            for (var run = 0; run < layout.Runs(queryBlock).Length; run++)
            {
                var queries = layout.Runs(queryBlock)[run];
                // The same queries in all calls of a run: they share one running state.
                var seeing = cutsQueries ? Seeing(pattern.Groups[group], queries, keyBlock) : new(0, queries.Count);
                var keyFirst = 0L;
                foreach (var keys in layout.Runs(keyBlock))
                {
                    var (near, sinks) = Visibility.VisibleKeys(pattern, pattern.Groups[group], queries, keys);
                    foreach (var rows in (ImmutableArray<RowRange>)[sinks, near])
                    {
                        if (rows.Count > 0)
                        {
                            calls.Add(new()
                            {
                                QueryBlock = new(queryBlock),
                                QueryRun = run,
                                QueryFirst = queryFirst + seeing.First,
                                Queries = queries.Slice(seeing.First, seeing.Count),
                                KeyBlock = new(keyBlock),
                                KeyFirst = keyFirst + rows.First,
                                Keys = keys.Slice(rows.First, rows.Count),
                                FirstSequence = pattern.Groups[group].First,
                                SequenceCount = pattern.Groups[group].Count,
                                Group = group,
                            });
                        }
                    }

                    keyFirst += keys.Count;
                }

                queryFirst += queries.Count;
            }
        }

        return calls;
    }

    // Rows of a query run from the first to the last that see something of a block.
    private RowRange Seeing(SequenceGroup group, TokenRun queries, int keyBlock)
    {
        var seeing = default(RowRange);
        foreach (var keys in layout.Runs(keyBlock))
        {
            var rows = Visibility.VisibleQueries(pattern, group, queries, keys);
            seeing = seeing.Count == 0 ? rows : rows.Count == 0 ? seeing : RowRange.Between(Math.Min(seeing.First, rows.First), Math.Max(seeing.End, rows.End));
        }

        return seeing;
    }

    private static void Add(List<RowSlice> slices, SequenceGroup group, long first, RowRange rows)
    {
        if (rows.Count > 0)
        {
            slices.Add(new(group.First, group.Count, first + rows.First, rows.Count));
        }
    }
}
