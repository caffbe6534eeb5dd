using System.Numerics;

namespace ActorRing.Compute.Data;

/// <summary>A shuffled order without a table: a Feistel network over the next even power of two, walked until it lands inside.</summary>
/// <remarks>Each look-up costs at most about four walks on average, since the domain is less than four times the count. Not for secrets.</remarks>
internal static class KeyedPermutation
{
    private const int Rounds = 6;

    /// <param name="key">Chooses the order.</param>
    /// <param name="count">Items, at least 1.</param>
    /// <param name="index">From 0, below <paramref name="count"/>.</param>
    /// <returns>Where the item goes: for a fixed key a permutation of 0 to <paramref name="count"/> - 1.</returns>
    public static long Map(ulong key, long count, long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)index, (ulong)count, nameof(index));
        var halfBits = (BitOperations.Log2((ulong)Math.Max(1, count - 1)) + 2) / 2;
        var value = (ulong)index;
        do value = Encipher(key, halfBits, value);
        while (value >= (ulong)count);
        return (long)value;
    }

    /// <summary>Turns a number into an unrelated one: the finaliser of SplitMix64 (Steele, Lea, Flood 2014).</summary>
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private static ulong Encipher(ulong key, int halfBits, ulong value)
    {
        var mask = (1UL << halfBits) - 1;
        var (left, right) = (value >> halfBits, value & mask);
        for (var round = 0; round < Rounds; round++) (left, right) = (right, left ^ (Mix(key + Mix(right + ((ulong)round << 58))) & mask));
        return (left << halfBits) | right;
    }
}
