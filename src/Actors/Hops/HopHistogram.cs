using System.Collections.Immutable;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Hops;

/// <summary>How many transfers took how long. Two of them can be added up; counts stop at the largest number instead of turning negative.</summary>
internal sealed class HopHistogram
{
    private readonly long[] _counts = new long[HopBuckets.Count];

    internal long Total { get; private set; }

    internal void Add(TimeSpan time) => Add(HopBuckets.Of(time), 1);

    internal void Add(ImmutableArray<HopBucket> buckets)
    {
        foreach (var bucket in buckets)
        {
            Add(bucket.Index, bucket.Count);
        }
    }

    /// <summary>The counts that are not zero, shortest time first.</summary>
    internal ImmutableArray<HopBucket> Buckets()
    {
        var buckets = ImmutableArray.CreateBuilder<HopBucket>();
        for (var index = 0; index < _counts.Length; index++)
        {
            if (_counts[index] > 0)
            {
                buckets.Add(new(index, _counts[index]));
            }
        }

        return buckets.ToImmutable();
    }

    /// <summary>The time that so many in a thousand do not exceed, as the middle of its interval; zero if there are none.</summary>
    internal TimeSpan Quantile(int permille)
    {
        var place = Math.Max(1, (Total / 1_000 * permille) + (((Total % 1_000 * permille) + 999) / 1_000));
        long seen = 0;
        for (var index = 0; index < _counts.Length; index++)
        {
            seen = Sum(seen, _counts[index]);
            if (seen >= place)
            {
                return HopBuckets.Middle(index);
            }
        }

        return TimeSpan.Zero;
    }

    internal static long Sum(long one, long other) => one > long.MaxValue - other ? long.MaxValue : one + other;

    private void Add(int index, long count)
    {
        if (index >= 0 && index < _counts.Length && count > 0)
        {
            _counts[index] = Sum(_counts[index], count);
            Total = Sum(Total, count);
        }
    }
}
