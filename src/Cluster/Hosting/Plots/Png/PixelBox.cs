namespace ActorRing.Cluster.Hosting.Plots.Png;

/// <summary>Pixels from <paramref name="Left"/>, <paramref name="Top"/> up to, without, <paramref name="Right"/>, <paramref name="Bottom"/>.</summary>
internal readonly record struct PixelBox(int Left, int Top, int Right, int Bottom)
{
    internal int Width => Right - Left;

    internal int Height => Bottom - Top;

    internal bool IsEmpty => Width <= 0 || Height <= 0;

    /// <summary>What lies within <paramref name="margin"/> of the points and inside the picture.</summary>
    internal static PixelBox Around(ReadOnlySpan<PlotPoint> points, double margin, int width, int height)
    {
        var (left, top, right, bottom) = (double.MaxValue, double.MaxValue, double.MinValue, double.MinValue);
        foreach (var point in points)
        {
            (left, right) = (Math.Min(left, point.X), Math.Max(right, point.X));
            (top, bottom) = (Math.Min(top, point.Y), Math.Max(bottom, point.Y));
        }

        return new PixelBox(
            Within(Math.Floor(left - margin), width), Within(Math.Floor(top - margin), height), Within(Math.Ceiling(right + margin), width), Within(Math.Ceiling(bottom + margin), height));
    }

    private static int Within(double value, int most) => (int)Math.Clamp(value, 0, most);
}
