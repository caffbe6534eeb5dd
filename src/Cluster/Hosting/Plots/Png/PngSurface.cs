namespace ActorRing.Cluster.Hosting.Plots.Png;

/// <summary>Paints a picture into pixels, two for each picture unit, edges smoothed.</summary>
internal sealed class PngSurface : PlotSurface
{
    internal const int Scale = 2;
    private const int DotsPerInch = 96 * Scale;
    private const int Samples = 4;
    private readonly int _width;
    private readonly int _height;
    private readonly byte[] _pixels;
    private readonly SortedDictionary<(char Letter, int Unit), byte[]> _letters = [];

    internal PngSurface(double width, double height)
    {
        _width = (int)Math.Ceiling(width * Scale);
        _height = (int)Math.Ceiling(height * Scale);
        _pixels = new byte[_width * _height * 3];
        Rectangle(new PlotPoint(0, 0), width, height, PlotColor.Ground);
    }

    internal byte[] ToFile() => PngFile.Of(_width, _height, _pixels, DotsPerInch);

    // Edges go to whole pixels, so that neighbours touch and nothing shines through.
    internal override void Rectangle(PlotPoint corner, double width, double height, PlotColor fill)
    {
        var (left, top) = (Whole(corner.X), Whole(corner.Y));
        var (right, bottom) = (Math.Max(left + 1, Whole(corner.X + width)), Math.Max(top + 1, Whole(corner.Y + height)));
        for (var y = top; y < bottom; y++)
        {
            for (var x = left; x < right; x++)
            {
                Blend(x, y, fill, 255);
            }
        }
    }

    internal override void Line(IReadOnlyList<PlotPoint> points, PlotColor color, double width, IReadOnlyList<double> dash)
    {
        var half = Math.Max(0.5, width * Scale / 2);
        var scaled = points.Select(point => new PlotPoint(point.X * Scale, point.Y * Scale)).ToArray();
        var box = PixelBox.Around(scaled, half + 1, _width, _height);
        if (box.IsEmpty)
        {
            return;
        }

        // Pieces of one line overlap where they join: the most that any of them covers counts, once.
        var mask = new byte[box.Width * box.Height];
        foreach (var (from, to) in DashedPath.Pieces(scaled, [.. dash.Select(length => length * Scale)]))
        {
            Cover(mask, box, from, to, half);
        }

        for (var i = 0; i < mask.Length; i++)
        {
            Blend(box.Left + (i % box.Width), box.Top + (i / box.Width), color, mask[i]);
        }
    }

    internal override void Polygon(IReadOnlyList<PlotPoint> corners, PlotColor fill)
    {
        var scaled = corners.Select(point => new PlotPoint(point.X * Scale, point.Y * Scale)).ToArray();
        var box = PixelBox.Around(scaled, 0, _width, _height);
        for (var y = box.Top; y < box.Bottom; y++)
        {
            for (var x = box.Left; x < box.Right; x++)
            {
                var hits = 0;
                for (var sample = 0; sample < Samples * Samples; sample++)
                {
                    hits += IsInside(scaled, x + (((sample % Samples) + 0.5) / Samples), y + (((sample / Samples) + 0.5) / Samples)) ? 1 : 0;
                }

                Blend(x, y, fill, hits * 255 / (Samples * Samples));
            }
        }
    }

    internal override void Text(PlotPoint at, string text, TextStyle style)
    {
        var unit = Math.Max(1, (int)Math.Round(style.Size * Scale / 12));
        var advance = BitmapFont.Advance * unit;
        // The space after the last letter is not part of the text.
        var length = (text.Length * advance) - unit;
        var along = style.Anchor switch { TextAnchor.Middle => -length / 2, TextAnchor.End => -length, _ => 0 };
        var across = -(BitmapFont.CapitalDots * unit / 2);
        foreach (var letter in text)
        {
            var coverage = Coverage(letter, unit);
            for (var i = 0; i < coverage.Length; i++)
            {
                var (row, column) = Math.DivRem(i, BitmapFont.DotsWide * unit);
                var (x, y) = style.IsUpright
                    ? (Whole(at.X) + across + row, Whole(at.Y) - 1 - along - column)
                    : (Whole(at.X) + along + column, Whole(at.Y) + across + row);
                Blend(x, y, style.Color, coverage[i]);
            }

            along += advance;
        }
    }

    private static int Whole(double value) => (int)Math.Round(value * Scale);

    private static void Cover(byte[] mask, PixelBox all, PlotPoint from, PlotPoint to, double half)
    {
        var box = PixelBox.Around([from, to], half + 1, all.Right, all.Bottom);
        var (dx, dy) = (to.X - from.X, to.Y - from.Y);
        var squared = (dx * dx) + (dy * dy);
        for (var y = Math.Max(box.Top, all.Top); y < box.Bottom; y++)
        {
            for (var x = Math.Max(box.Left, all.Left); x < box.Right; x++)
            {
                var (px, py) = (x + 0.5 - from.X, y + 0.5 - from.Y);
                var share = squared == 0 ? 0 : Math.Clamp(((px * dx) + (py * dy)) / squared, 0, 1);
                var (ex, ey) = (px - (share * dx), py - (share * dy));
                var coverage = (byte)(255 * Math.Clamp(half + 0.5 - Math.Sqrt((ex * ex) + (ey * ey)), 0, 1));
                ref var here = ref mask[((y - all.Top) * all.Width) + x - all.Left];
                here = Math.Max(here, coverage);
            }
        }
    }

    // Even-odd: a ray to the right crosses the outline an odd number of times.
    private static bool IsInside(PlotPoint[] corners, double x, double y)
    {
        var isInside = false;
        for (var (i, j) = (0, corners.Length - 1); i < corners.Length; j = i++)
        {
            var (a, b) = (corners[i], corners[j]);
            if (a.Y > y != b.Y > y && x < ((b.X - a.X) * (y - a.Y) / (b.Y - a.Y)) + a.X)
            {
                isInside = !isInside;
            }
        }

        return isInside;
    }

    private byte[] Coverage(char letter, int unit)
    {
        if (!_letters.TryGetValue((letter, unit), out var coverage))
        {
            _letters[(letter, unit)] = coverage = BitmapFont.Coverage(letter, unit);
        }

        return coverage;
    }

    private void Blend(int x, int y, PlotColor color, int coverage)
    {
        if (coverage == 0 || x < 0 || y < 0 || x >= _width || y >= _height)
        {
            return;
        }

        var at = ((y * _width) + x) * 3;
        _pixels[at] = Mixed(_pixels[at], color.R);
        _pixels[at + 1] = Mixed(_pixels[at + 1], color.G);
        _pixels[at + 2] = Mixed(_pixels[at + 2], color.B);

        byte Mixed(byte below, byte above) => (byte)(((below * (255 - coverage)) + (above * coverage) + 127) / 255);
    }
}
