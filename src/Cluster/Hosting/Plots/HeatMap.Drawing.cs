using System.Globalization;

namespace ActorRing.Cluster.Hosting.Plots;

public sealed partial class HeatMap
{
    private const double Margin = 20;

    private void Draw(PlotSurface surface, Layout layout)
    {
        surface.Text(new PlotPoint(Margin, 26), _title, new TextStyle(TextStyle.Title, PlotColor.Ink));
        surface.Text(new PlotPoint(Margin, 48), _subtitle, new TextStyle(TextStyle.Label, PlotColor.Quiet));
        for (var row = 0; row < _depths.Count; row++)
        {
            for (var column = 0; column < _lengths.Count; column++)
            {
                DrawCell(surface, layout, row, column);
            }
        }

        DrawAxes(surface, layout);
        DrawLegend(surface, layout);
    }

    private void DrawCell(PlotSurface surface, Layout layout, int row, int column)
    {
        var score = _scores[(row * _lengths.Count) + column];
        var color = double.IsFinite(score) ? ColorOf(score) : Missing;
        var corner = new PlotPoint(layout.Left + (column * layout.CellWidth), layout.Top + (row * layout.CellHeight));
        // Ground shows between cells as a thin line.
        surface.Rectangle(corner, layout.CellWidth - 1, layout.CellHeight - 1, color);
        var text = double.IsFinite(score) ? score.ToString("0.00", CultureInfo.InvariantCulture) : "-";
        surface.Text(new PlotPoint(corner.X + ((layout.CellWidth - 1) / 2), corner.Y + ((layout.CellHeight - 1) / 2)), text, new TextStyle(TextStyle.Label, color.TextOn(), TextAnchor.Middle));
    }

    private void DrawAxes(PlotSurface surface, Layout layout)
    {
        var label = new TextStyle(TextStyle.Label, PlotColor.Ink);
        for (var column = 0; column < _lengths.Count; column++)
        {
            var at = new PlotPoint(layout.Left + ((column + 0.5) * layout.CellWidth) - 0.5, layout.Bottom + (layout.IsUpright ? 6 : 13));
            surface.Text(at, layout.LengthTexts[column], label with { Anchor = layout.IsUpright ? TextAnchor.End : TextAnchor.Middle, IsUpright = layout.IsUpright });
        }

        for (var row = 0; row < _depths.Count; row++)
        {
            surface.Text(new PlotPoint(layout.Left - 8, layout.Top + ((row + 0.5) * layout.CellHeight) - 0.5), layout.DepthTexts[row], label with { Anchor = TextAnchor.End });
        }

        surface.Text(new PlotPoint(layout.Left + (layout.GridWidth / 2), layout.Height - 20), layout.LengthTitle, label with { Anchor = TextAnchor.Middle });
        surface.Text(new PlotPoint(Margin + 4, layout.Top + (layout.GridHeight / 2)), layout.DepthTitle, label with { Anchor = TextAnchor.Middle, IsUpright = true });
    }

    private static void DrawLegend(PlotSurface surface, Layout layout)
    {
        const int Slices = 50;
        const double BarWidth = 14;
        var left = layout.Left + layout.GridWidth + 24;
        var sliceHeight = (layout.GridHeight - 1) / Slices;
        for (var slice = 0; slice < Slices; slice++)
        {
            // One unit more than a slice: the next covers it, and no seam shows.
            var height = slice < Slices - 1 ? sliceHeight + 1 : sliceHeight;
            surface.Rectangle(new PlotPoint(left, layout.Top + (slice * sliceHeight)), BarWidth, height, ColorOf(1 - ((slice + 0.5) / Slices)));
        }

        var text = new TextStyle(TextStyle.Label, PlotColor.Ink);
        int[] quarters = layout.GridHeight < 80 ? [0, 4] : [0, 1, 2, 3, 4];
        foreach (var quarter in quarters)
        {
            var y = layout.Top + ((layout.GridHeight - 1) * (4 - quarter) / 4.0);
            surface.Line([new PlotPoint(left + BarWidth, y), new PlotPoint(left + BarWidth + 4, y)], PlotColor.Quiet, 1, []);
            surface.Text(new PlotPoint(left + BarWidth + 8, y), (quarter / 4.0).ToString("0.00", CultureInfo.InvariantCulture), text);
        }

        surface.Text(new PlotPoint(left, layout.Top - 16), "score", text);
    }

    /// <summary>Where everything stands; cells are as wide as a number needs and as there is room.</summary>
    private sealed class Layout
    {
        internal const double LegendWidth = 90;
        private const double GridWidthWanted = 720;
        private const double GridHeightWanted = 380;

        internal Layout(string title, string subtitle, IReadOnlyList<long> lengths, IReadOnlyList<double> depths)
        {
            var label = new TextStyle(TextStyle.Label, PlotColor.Ink);
            var labels = LengthLabels.Of(lengths);
            LengthTexts = labels.Labels;
            LengthTitle = $"Context length ({labels.Unit})";
            DepthTexts = [.. depths.Select(depth => depth.ToString("0.#", CultureInfo.InvariantCulture))];
            CellWidth = Math.Clamp(Math.Floor(GridWidthWanted / lengths.Count), 36, 96);
            CellHeight = depths.Count == 1 ? 72 : Math.Clamp(Math.Floor(GridHeightWanted / depths.Count), 24, 48);
            GridWidth = CellWidth * lengths.Count;
            GridHeight = CellHeight * depths.Count;
            // A small grid still needs a title beside it that can be read.
            DepthTitle = GridHeight >= label.WidthOf("Depth of the needle (%)") ? "Depth of the needle (%)" : "Depth (%)";
            Left = Margin + 16 + DepthTexts.Max(label.WidthOf) + 10;
            Top = 92;
            Bottom = Top + GridHeight;
            var widest = LengthTexts.Max(label.WidthOf);
            IsUpright = widest > CellWidth - 4;
            Height = Bottom + (IsUpright ? widest + 10 : 22) + 36;
            var titles = Math.Max(new TextStyle(TextStyle.Title, PlotColor.Ink).WidthOf(title), label.WidthOf(subtitle)) + (2 * Margin);
            // The axis title is centred under the grid and may be wider than it.
            var axis = Left + (GridWidth / 2) + (label.WidthOf(LengthTitle) / 2) + Margin;
            Left = Math.Max(Left, Margin + (label.WidthOf(LengthTitle) / 2) - (GridWidth / 2));
            Width = Math.Ceiling(Math.Max(Math.Max(Left + GridWidth + LegendWidth, titles), axis));
        }

        internal IReadOnlyList<string> LengthTexts { get; }

        internal IReadOnlyList<string> DepthTexts { get; }

        internal string LengthTitle { get; }

        internal string DepthTitle { get; }

        internal double CellWidth { get; }

        internal double CellHeight { get; }

        internal double GridWidth { get; }

        internal double GridHeight { get; }

        internal double Left { get; }

        internal double Top { get; }

        internal double Bottom { get; }

        internal bool IsUpright { get; }

        internal double Width { get; }

        internal double Height { get; }
    }
}
