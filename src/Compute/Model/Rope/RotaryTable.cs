namespace ActorRing.Compute.Model.Rope;

/// <summary>cos and sin for given positions, as the rotary kernels take them.</summary>
/// <remarks>
/// Angles and functions in double, one rounding to float32 at the end: at position 1,000,000 the angle is off by at most 1.2e-10 radians, where the final
/// rounding alone takes up to 3e-8. Cost: one sine and cosine per element; build once per sequence length and keep.
/// </remarks>
public static class RotaryTable
{
    /// <summary>Fills tables for arbitrary positions (zigzag halves, stripes, documents that begin again at 0).</summary>
    /// <param name="frequencies">Of the model, for the whole sequence.</param>
    /// <param name="positions">Global positions <c>[T]</c>, each at least 0.</param>
    /// <param name="cos">Receives <c>[T, H/2]</c>, scaled by the attention factor.</param>
    /// <param name="sin">Receives <c>[T, H/2]</c>, scaled by the attention factor.</param>
    /// <exception cref="ArgumentException">A table of another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A negative position; the tables are partly filled.</exception>
    public static void Fill(RopeFrequencies frequencies, ReadOnlySpan<long> positions, Span<float> cos, Span<float> sin)
    {
        var width = Width(frequencies, positions.Length, cos, sin);
        for (var t = 0; t < positions.Length; t++)
        {
            FillRow(frequencies, positions[t], cos.Slice(t * width, width), sin.Slice(t * width, width));
        }
    }

    /// <summary>Fills tables for the positions from <paramref name="firstPosition"/> on.</summary>
    /// <param name="frequencies">Of the model, for the whole sequence.</param>
    /// <param name="firstPosition">Position of row 0, at least 0.</param>
    /// <param name="count">T.</param>
    /// <param name="cos">Receives <c>[T, H/2]</c>, scaled by the attention factor.</param>
    /// <param name="sin">Receives <c>[T, H/2]</c>, scaled by the attention factor.</param>
    /// <exception cref="ArgumentException">A table of another length.</exception>
    public static void Fill(RopeFrequencies frequencies, long firstPosition, int count, Span<float> cos, Span<float> sin)
    {
        var width = Width(frequencies, count, cos, sin);
        for (var t = 0; t < count; t++)
        {
            FillRow(frequencies, firstPosition + t, cos.Slice(t * width, width), sin.Slice(t * width, width));
        }
    }

    private static int Width(RopeFrequencies frequencies, int count, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin)
    {
        var width = frequencies.InverseFrequencies.Length;
        return cos.Length == (long)count * width && sin.Length == cos.Length
            ? width
            : throw new ArgumentException($"cos has {cos.Length} and sin {sin.Length} elements; {count} positions of {width} need {(long)count * width} each");
    }

    private static void FillRow(RopeFrequencies frequencies, long position, Span<float> cos, Span<float> sin)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        var inverseFrequencies = frequencies.InverseFrequencies;
        for (var i = 0; i < inverseFrequencies.Length; i++)
        {
            var (s, c) = Math.SinCos(position * inverseFrequencies[i]);
            cos[i] = (float)(c * frequencies.AttentionFactor);
            sin[i] = (float)(s * frequencies.AttentionFactor);
        }
    }
}
