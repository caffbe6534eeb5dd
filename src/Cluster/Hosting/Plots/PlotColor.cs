using System.Globalization;

namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>A colour of 8 bits a channel (sRGB).</summary>
/// <param name="R">Red.</param>
/// <param name="G">Green.</param>
/// <param name="B">Blue.</param>
internal readonly record struct PlotColor(byte R, byte G, byte B)
{
    // Pictures bring their own light ground: they look the same on a light and on a dark page.
    internal static readonly PlotColor Ground = new(0xFF, 0xFF, 0xFF);
    internal static readonly PlotColor Ink = new(0x1F, 0x23, 0x28);
    internal static readonly PlotColor DarkInk = new(0x10, 0x12, 0x15);
    internal static readonly PlotColor Quiet = new(0x57, 0x60, 0x6A);
    internal static readonly PlotColor Grid = new(0xE2, 0xE6, 0xEA);
    internal static readonly PlotColor Frame = new(0xA9, 0xB2, 0xBC);

    /// <summary><c>#rrggbb</c>.</summary>
    internal string Hex => string.Create(CultureInfo.InvariantCulture, $"#{R:x2}{G:x2}{B:x2}");

    // Relative luminance of WCAG 2.
    private double Luminance => (0.2126 * Linear(R)) + (0.7152 * Linear(G)) + (0.0722 * Linear(B));

    /// <summary>The mixture, <paramref name="share"/> (0 to 1) of it <paramref name="other"/>.</summary>
    internal PlotColor Toward(PlotColor other, double share) => new(Mix(R, other.R, share), Mix(G, other.G, share), Mix(B, other.B, share));

    /// <summary>Contrast ratio of WCAG 2: 1 to 21; text wants 4.5.</summary>
    internal double Contrast(PlotColor other)
    {
        var (a, b) = (Luminance, other.Luminance);
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    /// <summary>Dark ink or ground, whichever is easier to read on this colour.</summary>
    internal PlotColor TextOn() => Contrast(DarkInk) >= Contrast(Ground) ? DarkInk : Ground;

    private static byte Mix(byte from, byte to, double share) => (byte)Math.Round(from + ((to - from) * share));

    private static double Linear(byte channel)
    {
        var value = channel / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }
}
