namespace ActorRing.Actors.Coordinator;

/// <summary>A set of ranks. Adding one twice is adding it once.</summary>
internal sealed class RankSet(int ranks)
{
    private readonly ulong[] _words = new ulong[(ranks + 63) / 64];

    internal int Count { get; private set; }

    internal bool IsFull => Count >= ranks;

    internal bool Contains(int rank) => (_words[rank >> 6] & (1UL << (rank & 63))) != 0;

    /// <summary>Adds a rank; false if it was there.</summary>
    internal bool Add(int rank)
    {
        if (Contains(rank))
        {
            return false;
        }

        _words[rank >> 6] |= 1UL << (rank & 63);
        Count++;
        return true;
    }

    /// <summary>The first rank that is not in it, or -1.</summary>
    internal int FirstMissing()
    {
        for (var rank = 0; rank < ranks; rank++)
        {
            if (!Contains(rank))
            {
                return rank;
            }
        }

        return -1;
    }

    internal void CountTwice() => Count++;

    internal void Clear()
    {
        for (var at = 0; at < _words.Length; at++)
        {
            _words[at] = 0;
        }

        Count = 0;
    }
}
