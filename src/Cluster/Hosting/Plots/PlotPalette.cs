namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>What tells lines apart: colour, dash and marker together, so that two of them suffice when the third cannot be seen.</summary>
internal static class PlotPalette
{
    // After Okabe and Ito, darkened to a contrast of at least 3.5 on white.
    private static readonly PlotColor[] Colors = [new(0x00, 0x72, 0xB2), new(0xC9, 0x55, 0x00), new(0x00, 0x77, 0x5C), new(0xA3, 0x42, 0x7A), new(0x7A, 0x5C, 0x00), new(0x44, 0x4B, 0x53)];
    private static readonly double[][] Dashes = [[], [7, 4], [2, 3], [11, 3, 2, 3], [14, 4], [4, 3, 1, 3]];

    private static readonly PlotPoint[][] Markers =
    [
        [.. Enumerable.Range(0, 24).Select(i => new PlotPoint(Math.Cos(i * Math.PI / 12), Math.Sin(i * Math.PI / 12)))],
        [new(-0.9, -0.9), new(0.9, -0.9), new(0.9, 0.9), new(-0.9, 0.9)],
        [new(0, -1.25), new(1.15, 0.85), new(-1.15, 0.85)],
        [new(0, -1.35), new(1.35, 0), new(0, 1.35), new(-1.35, 0)],
        [new(0, 1.25), new(1.15, -0.85), new(-1.15, -0.85)],
        [
            new(-0.4, -1.3), new(0.4, -1.3), new(0.4, -0.4), new(1.3, -0.4), new(1.3, 0.4), new(0.4, 0.4),
            new(0.4, 1.3), new(-0.4, 1.3), new(-0.4, 0.4), new(-1.3, 0.4), new(-1.3, -0.4), new(-0.4, -0.4),
        ],
    ];

    internal static PlotColor Color(int series) => Colors[series % Colors.Length];

    // The second six have the colours of the first, but other dashes and markers.
    internal static IReadOnlyList<double> Dash(int series) => Dashes[(series + (series / Colors.Length)) % Dashes.Length];

    /// <summary>The outline around <paramref name="at"/>.</summary>
    internal static PlotPoint[] Marker(int series, PlotPoint at, double radius) =>
        [.. Markers[(series + (2 * (series / Colors.Length))) % Markers.Length].Select(corner => new PlotPoint(at.X + (corner.X * radius), at.Y + (corner.Y * radius)))];
}
