using System.Collections.Concurrent;

namespace ActorRing.Compute.Tokenizers.Models;

/// <summary>
/// Remembers the ids of pieces that were seen, up to a bound; when full it starts anew, so that a text of another kind is not locked out.
/// Safe to share between threads.
/// </summary>
internal sealed class WordCache(int capacity)
{
    /// <summary>Longer pieces seldom come twice, and would let the cache grow by bytes rather than by words.</summary>
    public const int MaxWordLength = 128;

    private Generation current = new();

    public bool TryGet(ReadOnlySpan<char> word, out int[] ids)
    {
        ids = [];
        return word.Length <= MaxWordLength && current.Lookup.TryGetValue(word, out ids!);
    }

    public void Add(ReadOnlySpan<char> word, int[] ids)
    {
        if (word.Length > MaxWordLength) return;
        var generation = current;
        if (Interlocked.Increment(ref generation.Count) > capacity)
        {
            // Whoever loses this exchange adds to a generation that is about to be dropped, which costs a miss and nothing else.
            var fresh = new Generation();
            Interlocked.CompareExchange(ref current, fresh, generation);
            return;
        }

        generation.Words.TryAdd(word.ToString(), ids);
    }

    private sealed class Generation
    {
        public readonly ConcurrentDictionary<string, int[]> Words = new(StringComparer.Ordinal);
        public readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> Lookup;
        public int Count;

        public Generation() => Lookup = Words.GetAlternateLookup<ReadOnlySpan<char>>();
    }
}
