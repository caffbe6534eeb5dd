namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>A place in a picture, in picture units from its upper left corner.</summary>
internal readonly record struct PlotPoint(double X, double Y);

/// <summary>How a text starts from its place.</summary>
internal enum TextAnchor
{
    Start,
    Middle,
    End,
}

/// <summary>How a text looks.</summary>
/// <param name="Size">Height of a line in picture units, near 12.</param>
/// <param name="Color">Of the letters.</param>
/// <param name="Anchor">Which part of it stands at the place given.</param>
/// <param name="IsUpright">Runs from the bottom to the top.</param>
internal readonly record struct TextStyle(double Size, PlotColor Color, TextAnchor Anchor = TextAnchor.Start, bool IsUpright = false)
{
    internal const double Label = 12;
    internal const double Title = 16;

    /// <summary>Room that a text takes, in picture units: for laying out. On the generous side, because a browser chooses its own font.</summary>
    internal double WidthOf(string text) => text.Length * Size * 0.57;
}

/// <summary>What a picture is drawn on. Whatever is drawn later lies above.</summary>
internal abstract class PlotSurface
{
    internal abstract void Rectangle(PlotPoint corner, double width, double height, PlotColor fill);

    /// <param name="points">At least two.</param>
    /// <param name="color">Of the line.</param>
    /// <param name="width">In picture units.</param>
    /// <param name="dash">Lengths of line and gap in turn; empty for a whole line.</param>
    internal abstract void Line(IReadOnlyList<PlotPoint> points, PlotColor color, double width, IReadOnlyList<double> dash);

    internal abstract void Polygon(IReadOnlyList<PlotPoint> corners, PlotColor fill);

    /// <param name="at">Half the height of a capital letter lies here; <see cref="TextAnchor"/> says which part along the text.</param>
    /// <param name="text">Any; what cannot be shown is replaced.</param>
    /// <param name="style">How it looks.</param>
    internal abstract void Text(PlotPoint at, string text, TextStyle style);
}
