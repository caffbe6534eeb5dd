using System.Buffers;

namespace ActorRing.Compute.Tokenizers.Models;

/// <summary>Which pairs of ids merge, in which order, and into which id. Immutable once built.</summary>
internal sealed class MergeTable
{
    private const int Gone = -1;
    private readonly Dictionary<long, int> rankOfPair;
    private readonly int[] results;

    /// <param name="merges">Left id, right id and resulting id, best merge first. A pair that comes again takes the later place.</param>
    public MergeTable(IReadOnlyList<(int Left, int Right, int Result)> merges)
    {
        rankOfPair = new Dictionary<long, int>(merges.Count);
        results = new int[merges.Count];
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right, result) = merges[rank];
            rankOfPair[Pair(left, right)] = rank;
            results[rank] = result;
        }
    }

    /// <summary>Merges neighbours, best first, until no two neighbours are in the table.</summary>
    /// <param name="ids">Ids of single characters; the result replaces them from the front.</param>
    /// <returns>How many ids are left.</returns>
    /// <remarks>Cost: O(n log n) for n ids.</remarks>
    public int Merge(Span<int> ids)
    {
        if (ids.Length < 2) return ids.Length;
        var rented = ArrayPool<int>.Shared.Rent(ids.Length * 2);
        var previous = rented.AsSpan(0, ids.Length);
        var next = rented.AsSpan(ids.Length, ids.Length);
        var queue = new MergeQueue(ids.Length * 2);
        try
        {
            for (var at = 0; at < ids.Length; at++)
            {
                previous[at] = at - 1;
                next[at] = at + 1;
                if (at > 0) Offer(ids, at - 1, at, ref queue);
            }

            while (queue.TryPop(out var rank, out var left))
            {
                // An entry is stale when its left side is gone, or when either side has since become another token.
                if (ids[left] == Gone || next[left] == ids.Length) continue;
                var right = next[left];
                if (!rankOfPair.TryGetValue(Pair(ids[left], ids[right]), out var current) || results[current] != results[rank]) continue;

                ids[left] = results[rank];
                ids[right] = Gone;
                next[left] = next[right];
                if (next[left] < ids.Length) previous[next[left]] = left;
                if (previous[left] >= 0) Offer(ids, previous[left], left, ref queue);
                if (next[left] < ids.Length) Offer(ids, left, next[left], ref queue);
            }

            var kept = 0;
            foreach (var id in ids)
            {
                if (id != Gone) ids[kept++] = id;
            }

            return kept;
        }
        finally
        {
            queue.Dispose();
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    private void Offer(Span<int> ids, int left, int right, ref MergeQueue queue)
    {
        if (rankOfPair.TryGetValue(Pair(ids[left], ids[right]), out var rank)) queue.Push(rank, left);
    }

    private static long Pair(int left, int right) => ((long)left << 32) | (uint)right;
}
