using System.Globalization;
using System.Text;

namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>Writes a picture as SVG 1.1: one element that can stand in a file or in an HTML page. No ids, classes, styles or scripts, so that it cannot meet those of a page.</summary>
internal sealed class SvgSurface : PlotSurface
{
    private readonly StringBuilder _text = new();

    internal SvgSurface(double width, double height, string title)
    {
        _text.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{N(width)}\" height=\"{N(height)}\" viewBox=\"0 0 {N(width)} {N(height)}\" role=\"img\"");
        _text.Append(" font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif\">\n");
        _text.Append(CultureInfo.InvariantCulture, $"<title>{Escape(title)}</title>\n");
        Rectangle(new PlotPoint(0, 0), width, height, PlotColor.Ground);
    }

    /// <summary>The whole element; nothing may be drawn after it.</summary>
    internal string Close() => _text.Append("</svg>\n").ToString();

    internal override void Rectangle(PlotPoint corner, double width, double height, PlotColor fill) =>
        _text.Append(CultureInfo.InvariantCulture, $"<rect x=\"{N(corner.X)}\" y=\"{N(corner.Y)}\" width=\"{N(width)}\" height=\"{N(height)}\" fill=\"{fill.Hex}\"/>\n");

    internal override void Line(IReadOnlyList<PlotPoint> points, PlotColor color, double width, IReadOnlyList<double> dash)
    {
        var dashes = dash.Count == 0 ? "" : $" stroke-dasharray=\"{string.Join(' ', dash.Select(N))}\"";
        _text.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{Points(points)}\" fill=\"none\" stroke=\"{color.Hex}\" stroke-width=\"{N(width)}\" stroke-linejoin=\"round\"{dashes}/>\n");
    }

    internal override void Polygon(IReadOnlyList<PlotPoint> corners, PlotColor fill) =>
        _text.Append(CultureInfo.InvariantCulture, $"<polygon points=\"{Points(corners)}\" fill=\"{fill.Hex}\"/>\n");

    internal override void Text(PlotPoint at, string text, TextStyle style)
    {
        // Not every renderer knows dominant-baseline: half a capital letter is about 0.36 of the size.
        var drop = style.Size * 0.36;
        var place = style.IsUpright
            ? $"transform=\"translate({N(at.X + drop)} {N(at.Y)}) rotate(-90)\""
            : $"x=\"{N(at.X)}\" y=\"{N(at.Y + drop)}\"";
        var anchor = style.Anchor switch
        {
            TextAnchor.Middle => " text-anchor=\"middle\"",
            TextAnchor.End => " text-anchor=\"end\"",
            _ => "",
        };
        var weight = style.Size >= TextStyle.Title ? " font-weight=\"600\"" : "";
        _text.Append(CultureInfo.InvariantCulture, $"<text {place} font-size=\"{N(style.Size)}\"{anchor}{weight} fill=\"{style.Color.Hex}\">{Escape(text)}</text>\n");
    }

    internal static string Escape(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            safe.Append(rune.Value switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                // Not allowed in XML 1.0, not even escaped.
                < ' ' or 0xFFFE or 0xFFFF => "?",
                _ => rune.ToString(),
            });
        }

        return safe.ToString();
    }

    private static string Points(IReadOnlyList<PlotPoint> points) => string.Join(' ', points.Select(point => $"{N(point.X)},{N(point.Y)}"));

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
