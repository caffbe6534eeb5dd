namespace ActorRing.Cluster.Hosting.Plots.Png;

/// <summary>Cuts a line into the pieces that are drawn.</summary>
internal static class DashedPath
{
    /// <param name="points">Corners of the line.</param>
    /// <param name="dash">Lengths of line and gap in turn, above 0, along the line; empty for all of it.</param>
    internal static IEnumerable<(PlotPoint From, PlotPoint To)> Pieces(IReadOnlyList<PlotPoint> points, IReadOnlyList<double> dash)
    {
        var turn = 0;
        var left = dash.Count > 0 ? dash[0] : double.PositiveInfinity;
        for (var i = 1; i < points.Count; i++)
        {
            var (from, to) = (points[i - 1], points[i]);
            var length = Math.Sqrt(((to.X - from.X) * (to.X - from.X)) + ((to.Y - from.Y) * (to.Y - from.Y)));
            var done = 0.0;
            while (length - done > left)
            {
                if (turn % 2 == 0)
                {
                    yield return (At(done), At(done + left));
                }

                done += left;
                turn = (turn + 1) % dash.Count;
                left = dash[turn];
            }

            if (turn % 2 == 0)
            {
                yield return (At(done), to);
            }

            left -= length - done;

            PlotPoint At(double along) => length == 0 ? from : new PlotPoint(from.X + ((to.X - from.X) * along / length), from.Y + ((to.Y - from.Y) * along / length));
        }
    }
}
