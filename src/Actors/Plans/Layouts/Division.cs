using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

/// <summary>Whole-number division into shares, and the two roundings that the language lacks.</summary>
internal static class Division
{
    /// <summary>The largest integer not above value / divisor; the divisor is positive.</summary>
    internal static long Floor(long value, long divisor)
    {
        if (divisor == 1)
        {
            return value;
        }

        var quotient = value / divisor;
        return value < 0 && quotient * divisor != value ? quotient - 1 : quotient;
    }

    /// <summary>The smallest integer not below value / divisor; the divisor is positive.</summary>
    internal static long Ceiling(long value, long divisor) => -Floor(-value, divisor);

    /// <summary>Where share <paramref name="index"/> of <paramref name="shares"/> near-equal shares of <paramref name="total"/> starts.</summary>
    internal static long Cut(long total, int index, int shares) => checked(total * index) / shares;

    /// <summary>Starts of shares of <paramref name="total"/> in proportion to <paramref name="speeds"/>, and the total as last entry. No share differs by 1
    /// or more from its proportion.</summary>
    internal static ImmutableArray<long> Cuts(long total, ImmutableArray<int> speeds)
    {
        var sum = 0L;
        foreach (var speed in speeds)
        {
            sum += speed;
        }

        var cuts = ImmutableArray.CreateBuilder<long>(speeds.Length + 1);
        var before = 0L;
        cuts.Add(0);
        foreach (var speed in speeds)
        {
            before += speed;
            cuts.Add(checked(total * before) / sum);
        }

        return cuts.MoveToImmutable();
    }
}
