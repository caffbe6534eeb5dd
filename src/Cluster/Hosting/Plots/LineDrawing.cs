using System.Globalization;

namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>Lays out a <see cref="LinePlot"/> and draws it.</summary>
internal sealed class LineDrawing
{
    internal const double Width = 960;
    private const double PlotHeight = 380;
    private const double Margin = 20;
    private const double LegendRow = 20;
    private const double LegendSample = 44;
    private const double EndLabelRow = 15;
    private const int LongestEndLabel = 18;
    private const int MeanColumns = 100;
    private const int MostMarkers = 40;
    private const int MarkersOfLongLine = 8;
    private static readonly double[] EventDash = [3, 3];
    private static readonly TextStyle Label = new(TextStyle.Label, PlotColor.Ink);
    private readonly LinePlot _plot;
    private readonly IReadOnlyList<Line> _lines;
    private readonly List<(PlotPoint At, int Series, string Text)> _legend;
    private readonly string _subtitle;
    private readonly double _legendTop;
    private readonly double _top;
    private readonly double _left;
    private readonly double _right;
    private readonly AxisMap _x;
    private readonly AxisMap _y;

    internal LineDrawing(LinePlot plot)
    {
        _plot = plot;
        var endLabels = EndLabels(plot.Series);
        _legend = Legend(plot, isNumbered: plot.Series.Count > 1 && endLabels[0] == "1");
        _subtitle = Subtitle(plot);
        _legendTop = _subtitle.Length > 0 ? 72 : 54;
        _top = _legendTop + (_legend.Count > 0 ? _legend[^1].At.Y + LegendRow : 0);
        _right = Width - Margin - (endLabels.Length > 1 ? endLabels.Max(Label.WidthOf) + 16 : 0);

        var values = plot.Series.SelectMany(series => series.Y);
        // The left edge depends on the numbers of the y axis, not the other way round.
        _y = new AxisMap(plot.Y, values, Bottom, _top, 0.05, marks: 7);
        _left = Margin + 22 + (_y.Labels.Count > 0 ? _y.Labels.Max(Label.WidthOf) : 0) + 8;
        var shown = plot.Series.SelectMany(series => series.X.Where((_, i) => AxisMap.CanShow(plot.Y, series.Y[i])));
        _x = new AxisMap(plot.X, shown, _left, _right, 0.015, marks: 9);
        _lines = [.. plot.Series.Select((series, i) => Line.Of(series, endLabels.Length > 1 ? endLabels[i] : ""))];
    }

    internal double Height => Bottom + 64;

    private double Bottom => _top + PlotHeight;

    private bool IsEmpty => _x.IsEmpty || _y.IsEmpty;

    internal void Draw(PlotSurface surface)
    {
        surface.Text(new PlotPoint(Margin, 26), _plot.Title, new TextStyle(TextStyle.Title, PlotColor.Ink));
        surface.Text(new PlotPoint(Margin, 48), _subtitle, new TextStyle(TextStyle.Label, PlotColor.Quiet));
        DrawAxes(surface);
        DrawLegend(surface);
        if (IsEmpty)
        {
            surface.Text(new PlotPoint((_left + _right) / 2, (_top + Bottom) / 2), "no data", new TextStyle(TextStyle.Title, PlotColor.Quiet, TextAnchor.Middle));
            return;
        }

        DrawEvents(surface);
        for (var i = 0; i < _lines.Count; i++)
        {
            DrawPale(surface, _lines[i], i);
        }

        // Above all that is pale: of two lines in one place both stay to be seen.
        for (var i = 0; i < _lines.Count; i++)
        {
            DrawStrong(surface, _lines[i], i);
        }

        DrawEndLabels(surface);
    }

    private static string[] EndLabels(IReadOnlyList<LineSeries> series) => series.Any(one => one.Name.Length > LongestEndLabel)
        ? [.. series.Select((_, i) => (i + 1).ToString(CultureInfo.InvariantCulture))]
        : [.. series.Select(one => one.Name)];

    private static List<(PlotPoint At, int Series, string Text)> Legend(LinePlot plot, bool isNumbered)
    {
        var entries = plot.Series.Select((series, i) => (i, isNumbered ? string.Create(CultureInfo.InvariantCulture, $"{i + 1}: {series.Name}") : series.Name));
        if (plot.Series.Any(series => series.Events.Count > 0))
        {
            entries = entries.Append((-1, plot.EventName));
        }

        var placed = new List<(PlotPoint, int, string)>();
        var (x, y) = (Margin, 0.0);
        foreach (var (series, text) in entries)
        {
            var width = LegendSample + Label.WidthOf(text) + 18;
            if (x > Margin && x + width > Width - Margin)
            {
                (x, y) = (Margin, y + LegendRow);
            }

            placed.Add((new PlotPoint(x, y), series, text));
            x += width;
        }

        return placed;
    }

    private static string Subtitle(LinePlot plot)
    {
        var parts = new List<string>();
        var lost = plot.Series.Sum(series => series.Y.Count(value => !AxisMap.CanShow(plot.Y, value)));
        if (plot.Series.Any(series => series.X.Count > LinePlot.DensePoints))
        {
            parts.Add("pale: every point; strong: mean of each hundredth of the line");
        }

        if (lost > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{lost:N0} {(lost == 1 ? "point" : "points")} without a number left out"));
        }

        if (plot.Note.Length > 0)
        {
            parts.Add(plot.Note);
        }

        return string.Join("; ", parts);
    }

    private void DrawAxes(PlotSurface surface)
    {
        var drawnTo = double.NegativeInfinity;
        for (var i = 0; i < _x.Ticks.Count; i++)
        {
            var x = _x.At(_x.Ticks[i]);
            surface.Line([new PlotPoint(x, _top), new PlotPoint(x, Bottom)], PlotColor.Grid, 1, []);
            var half = Label.WidthOf(_x.Labels[i]) / 2;
            if (x - half > drawnTo + 6)
            {
                surface.Text(new PlotPoint(x, Bottom + 16), _x.Labels[i], Label with { Anchor = TextAnchor.Middle });
                drawnTo = x + half;
            }
        }

        for (var i = 0; i < _y.Ticks.Count; i++)
        {
            var y = _y.At(_y.Ticks[i]);
            surface.Line([new PlotPoint(_left, y), new PlotPoint(_right, y)], PlotColor.Grid, 1, []);
            surface.Text(new PlotPoint(_left - 8, y), _y.Labels[i], Label with { Anchor = TextAnchor.End });
        }

        surface.Line([new PlotPoint(_left, _top), new PlotPoint(_left, Bottom), new PlotPoint(_right, Bottom)], PlotColor.Frame, 1.2, []);
        surface.Text(new PlotPoint((_left + _right) / 2, Bottom + 42), _x.Title, Label with { Anchor = TextAnchor.Middle });
        surface.Text(new PlotPoint(Margin + 4, (_top + Bottom) / 2), _y.Title, Label with { Anchor = TextAnchor.Middle, IsUpright = true });
    }

    private void DrawLegend(PlotSurface surface)
    {
        foreach (var (at, series, text) in _legend)
        {
            var (x, y) = (at.X, _legendTop + at.Y);
            if (series >= 0)
            {
                surface.Line([new PlotPoint(x, y), new PlotPoint(x + 36, y)], PlotPalette.Color(series), 2, PlotPalette.Dash(series));
                surface.Polygon(PlotPalette.Marker(series, new PlotPoint(x + 18, y), 4), PlotPalette.Color(series));
            }
            else
            {
                surface.Line([new PlotPoint(x + 18, y - 7), new PlotPoint(x + 18, y + 7)], PlotColor.Quiet, 1.2, EventDash);
                surface.Polygon(EventMark(x + 18, y - 7), PlotColor.Quiet);
            }

            surface.Text(new PlotPoint(x + LegendSample, y), text, Label);
        }
    }

    // In the colour of the line that they belong to.
    private void DrawEvents(PlotSurface surface)
    {
        for (var i = 0; i < _plot.Series.Count; i++)
        {
            var color = _plot.Series.Count > 1 ? PlotPalette.Color(i) : PlotColor.Quiet;
            var drawn = double.NegativeInfinity;
            foreach (var x in _plot.Series[i].Events.Select(_x.At).Where(x => x >= _left && x <= _right).Order())
            {
                // Nearer than this they would be a wall.
                if (x - drawn >= 4)
                {
                    surface.Line([new PlotPoint(x, _top), new PlotPoint(x, Bottom)], color, 1.2, EventDash);
                    surface.Polygon(EventMark(x, _top), color);
                    drawn = x;
                }
            }
        }
    }

    private void DrawPale(PlotSurface surface, Line line, int number)
    {
        if (line.IsDense)
        {
            foreach (var piece in Thinning.Pieces(Places(line.Series.X, line.Series.Y)))
            {
                DrawPiece(surface, piece, PlotPalette.Color(number).Toward(PlotColor.Ground, 0.7), 1, []);
            }
        }
    }

    private void DrawStrong(PlotSurface surface, Line line, int number)
    {
        var color = PlotPalette.Color(number);
        foreach (var piece in Thinning.Pieces(Places(line.X, line.Y)))
        {
            DrawPiece(surface, piece, color, 2, PlotPalette.Dash(number));
        }

        foreach (var at in Marked(line))
        {
            surface.Polygon(PlotPalette.Marker(number, at, 3.5), color);
        }
    }

    private static void DrawPiece(PlotSurface surface, IReadOnlyList<PlotPoint> piece, PlotColor color, double width, IReadOnlyList<double> dash)
    {
        if (piece.Count > 1)
        {
            surface.Line(piece, color, width, dash);
        }
        else
        {
            // Between two gaps: without a dot nobody would see it.
            surface.Polygon(PlotPalette.Marker(0, piece[0], width), color);
        }
    }

    private IEnumerable<PlotPoint> Marked(Line line)
    {
        var places = Places(line.X, line.Y).Where(place => double.IsFinite(place.Y)).ToArray();
        if (places.Length <= MostMarkers)
        {
            return places;
        }

        // Half a stride in, so that the ends, where lines often meet, stay free.
        return Enumerable.Range(0, MarkersOfLongLine).Select(i => places[(int)((i + 0.5) / MarkersOfLongLine * places.Length)]);
    }

    // Names lie beside the ends of their lines, one above the other where ends are close. Lines that end early have theirs inside of the picture.
    private void DrawEndLabels(PlotSurface surface)
    {
        var ends = _lines.Select((line, i) => (Number: i, line.Text, Places: Places(line.X, line.Y).Where(place => double.IsFinite(place.Y)).ToArray()))
            .Where(line => line.Text.Length > 0 && line.Places.Length > 0).Select(line => new LineEnd(line.Number, line.Text, line.Places[^1]))
            .OrderBy(end => end.At.Y).ThenBy(end => end.Number).ToArray();
        DrawEndLabels(surface, [.. ends.Where(end => IsEarly(end.At))], end => end.X + 10);
        DrawEndLabels(surface, [.. ends.Where(end => !IsEarly(end.At))], _ => _right + 12);

        bool IsEarly(PlotPoint end) => _right - end.X > 60;
    }

    private void DrawEndLabels(PlotSurface surface, LineEnd[] ends, Func<PlotPoint, double> left)
    {
        var places = Spread([.. ends.Select(end => end.At.Y)], _top + EndLabelRow, Bottom - EndLabelRow);
        for (var i = 0; i < ends.Length; i++)
        {
            var (number, text, end) = ends[i];
            var (x, y) = (left(end), places[i]);
            if (Math.Abs(y - end.Y) > 1)
            {
                surface.Line([end, new PlotPoint(x - 2, y)], PlotPalette.Color(number).Toward(PlotColor.Ground, 0.5), 0.8, []);
            }

            if (x < _right)
            {
                surface.Rectangle(new PlotPoint(x - 2, y - 8), Label.WidthOf(text) + 4, 16, PlotColor.Ground);
            }

            surface.Text(new PlotPoint(x, y), text, Label with { Color = PlotPalette.Color(number) });
        }
    }

    /// <summary>Moves places that grow apart until each has a row, as little as it takes and within the picture.</summary>
    internal static double[] Spread(double[] places, double top, double bottom)
    {
        var spread = (double[])places.Clone();
        for (var i = 1; i < spread.Length; i++)
        {
            spread[i] = Math.Max(spread[i], spread[i - 1] + EndLabelRow);
        }

        for (var i = spread.Length - 1; i >= 0; i--)
        {
            var most = i == spread.Length - 1 ? bottom : spread[i + 1] - EndLabelRow;
            spread[i] = Math.Max(Math.Min(spread[i], most), top + (i * EndLabelRow));
        }

        return spread;
    }

    private static PlotPoint[] EventMark(double x, double y) => [new(x - 4, y - 3), new(x + 4, y - 3), new(x, y + 4)];

    private IEnumerable<PlotPoint> Places(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        for (var i = 0; i < x.Count; i++)
        {
            // A point that cannot lie on the x axis leaves no gap in y: it would have no place.
            if (double.IsFinite(_x.At(x[i])))
            {
                yield return new PlotPoint(_x.At(x[i]), _y.At(y[i]));
            }
        }
    }

    private readonly record struct LineEnd(int Number, string Text, PlotPoint At);

    /// <summary>A series, and what is drawn strong of it: the points themselves, or means of them where they are many.</summary>
    private sealed record Line(LineSeries Series, string Text, bool IsDense, IReadOnlyList<double> X, IReadOnlyList<double> Y)
    {
        internal static Line Of(LineSeries series, string text)
        {
            if (series.X.Count <= LinePlot.DensePoints)
            {
                return new Line(series, text, false, series.X, series.Y);
            }

            var (x, y) = Thinning.Means(series.X, series.Y, MeanColumns);
            return new Line(series, text, true, x, y);
        }
    }
}
