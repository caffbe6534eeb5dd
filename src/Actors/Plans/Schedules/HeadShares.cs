using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

// Shape letters: N query heads, K KV heads, U Ulysses degree.

/// <summary>Which heads each of U ranks attends with. Query heads are cut in near-equal spans; each rank has every KV head that its query heads read.</summary>
/// <remarks>
/// A KV head is on several ranks where K is below U or where a cut falls inside a group of query heads: each of them computes a part of its gradient, and the
/// parts are summed.
/// </remarks>
/// <param name="queryHeads">N, a multiple of K, at least U.</param>
/// <param name="keyHeads">K, at least 1.</param>
/// <param name="degree">U, at least 1.</param>
public sealed class HeadShares(int queryHeads, int keyHeads, int degree)
{
    private readonly int _groupSize = queryHeads / keyHeads;

    /// <summary>U.</summary>
    public int Degree => degree;

    /// <summary>Query heads of a rank.</summary>
    /// <param name="index">From 0, below U.</param>
    public HeadSpan Queries(int index)
    {
        var first = (int)Division.Cut(queryHeads, index, degree);
        return new(first, (int)Division.Cut(queryHeads, index + 1, degree) - first);
    }

    /// <summary>KV heads that the query heads of a rank read.</summary>
    /// <param name="index">From 0, below U.</param>
    public HeadSpan Keys(int index)
    {
        var queries = Queries(index);
        var first = queries.First / _groupSize;
        return new(first, ((queries.End - 1) / _groupSize) + 1 - first);
    }

    /// <summary>The heads of a rank in at most three segments, each with the same number of query heads to every KV head.</summary>
    /// <param name="index">From 0, below U.</param>
    public ImmutableArray<HeadSegment> Segments(int index)
    {
        HeadSpan queries = Queries(index), keys = Keys(index);
        var segments = new List<HeadSegment>();
        for (var key = keys.First; key < keys.End; key++)
        {
            var first = Math.Max(queries.First, key * _groupSize);
            var count = Math.Min(queries.End, (key + 1) * _groupSize) - first;
            var last = segments.Count > 0 ? segments[^1] : default;
            if (segments.Count > 0 && last.Queries.Count == last.Keys.Count * count)
            {
                segments[^1] = new(last.Queries with { Count = last.Queries.Count + count }, last.Keys with { Count = last.Keys.Count + 1 });
            }
            else
            {
                segments.Add(new(new(first - queries.First, count), new(key - keys.First, 1)));
            }
        }

        return [.. segments];
    }
}
