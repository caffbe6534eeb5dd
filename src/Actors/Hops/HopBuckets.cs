namespace ActorRing.Actors.Hops;

/// <summary>
/// Times of transfers by size: the same 248 intervals everywhere, so that counts from anywhere can be added up. One microsecond each up to 8 us, then eight to
/// a doubling, up to 2.4 hours; what is longer is in the last one.
/// </summary>
/// <remarks>The middle of an interval is within 1/16 of whatever lies in it, or within a microsecond.</remarks>
internal static class HopBuckets
{
    internal const int Count = 248;
    private const int FineBits = 3;
    private const int Fine = 1 << FineBits;
    private const long TicksPerMicrosecond = TimeSpan.TicksPerMillisecond / 1_000;

    /// <summary>The interval that a time lies in; negative times are none at all.</summary>
    internal static int Of(TimeSpan time)
    {
        var microseconds = Math.Max(0, time.Ticks) / TicksPerMicrosecond;
        if (microseconds < Fine)
        {
            return (int)microseconds;
        }

        var exponent = FineBits;
        while (microseconds >> exponent > 1)
        {
            exponent++;
        }

        var mantissa = (int)(microseconds >> (exponent - FineBits)) & (Fine - 1);
        return Math.Min(Count - 1, ((exponent - FineBits + 1) * Fine) + mantissa);
    }

    /// <summary>The middle of an interval.</summary>
    internal static TimeSpan Middle(int bucket)
    {
        if (bucket < Fine)
        {
            return new((bucket * TicksPerMicrosecond) + (TicksPerMicrosecond / 2));
        }

        var shift = (bucket / Fine) - 1;
        var from = (long)(Fine + (bucket % Fine)) << shift;
        return new((from * TicksPerMicrosecond) + ((TicksPerMicrosecond << shift) / 2));
    }
}
