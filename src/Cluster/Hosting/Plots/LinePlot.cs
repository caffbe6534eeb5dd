using ActorRing.Cluster.Hosting.Plots.Png;

namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>Lines over one x axis, told apart by colour, dash, marker and a name at their end. The same input gives the same bytes.</summary>
/// <param name="Title">Above the picture.</param>
/// <param name="X">Across.</param>
/// <param name="Y">Upwards.</param>
/// <param name="Series">None is a picture that says so.</param>
/// <remarks>
/// Many points: a line of more than <see cref="DensePoints"/> points is drawn thin and pale, and over it the mean of each hundredth of its x range, which the second line of the
/// picture says. Cost: one pass over the points; what is drawn does not grow with them.
/// </remarks>
public sealed record LinePlot(string Title, PlotAxis X, PlotAxis Y, IReadOnlyList<LineSeries> Series)
{
    /// <summary>Above this many points a line gets a mean over it.</summary>
    public const int DensePoints = 300;

    /// <summary>Follows what the picture itself has to say in its second line; may be empty.</summary>
    public string Note { get; init; } = "";

    /// <summary>What <see cref="LineSeries.Events"/> are called in the legend.</summary>
    public string EventName { get; init; } = "recovery";

    /// <summary>One <c>svg</c> element, for a file or inside an HTML page.</summary>
    public string ToSvg()
    {
        var drawing = new LineDrawing(this);
        var surface = new SvgSurface(LineDrawing.Width, drawing.Height, Title);
        drawing.Draw(surface);
        return surface.Close();
    }

    /// <summary>A PNG file, two pixels a picture unit.</summary>
    public byte[] ToPng()
    {
        var drawing = new LineDrawing(this);
        var surface = new PngSurface(LineDrawing.Width, drawing.Height);
        drawing.Draw(surface);
        return surface.ToFile();
    }
}
