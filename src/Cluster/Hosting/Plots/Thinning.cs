namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>Leaves of a line what can be seen of it.</summary>
internal static class Thinning
{
    /// <summary>
    /// The pieces of a line, cut where y is not finite. In each column of width 1 only the first, the least, the greatest and the last point of a piece stay: the ink is the
    /// same, because whatever lies between them lies in the same column.
    /// </summary>
    /// <param name="points">x does not fall.</param>
    internal static IReadOnlyList<IReadOnlyList<PlotPoint>> Pieces(IEnumerable<PlotPoint> points)
    {
        var pieces = new List<IReadOnlyList<PlotPoint>>();
        var piece = new List<PlotPoint>();
        var column = new List<PlotPoint>();
        foreach (var point in points)
        {
            if (!double.IsFinite(point.Y))
            {
                EndPiece();
                continue;
            }

            if (column.Count > 0 && Math.Floor(point.X) != Math.Floor(column[0].X))
            {
                EndColumn();
            }

            column.Add(point);
        }

        EndPiece();
        return pieces;

        void EndColumn()
        {
            var (least, greatest) = (0, 0);
            for (var i = 1; i < column.Count; i++)
            {
                least = column[i].Y < column[least].Y ? i : least;
                greatest = column[i].Y > column[greatest].Y ? i : greatest;
            }

            if (column.Count > 0)
            {
                piece.AddRange(new SortedSet<int> { 0, least, greatest, column.Count - 1 }.Select(index => column[index]));
            }

            column.Clear();
        }

        void EndPiece()
        {
            EndColumn();
            if (piece.Count > 0)
            {
                pieces.Add(piece);
                piece = [];
            }
        }
    }

    /// <summary>The mean of the finite points in each of <paramref name="columns"/> equal stretches of x; a stretch without any is a gap (NaN).</summary>
    /// <param name="x">Does not fall.</param>
    /// <param name="y">As many.</param>
    /// <param name="columns">At least 1.</param>
    internal static (double[] X, double[] Y) Means(IReadOnlyList<double> x, IReadOnlyList<double> y, int columns)
    {
        var (sumX, sumY, count) = (new double[columns], new double[columns], new int[columns]);
        var width = (x[^1] - x[0]) / columns;
        for (var i = 0; i < x.Count; i++)
        {
            var column = width > 0 ? Math.Min(columns - 1, (int)((x[i] - x[0]) / width)) : 0;
            if (double.IsFinite(y[i]))
            {
                sumX[column] += x[i];
                sumY[column] += y[i];
                count[column]++;
            }
        }

        var means = Enumerable.Range(0, columns).ToArray();
        return ([.. means.Select(i => count[i] > 0 ? sumX[i] / count[i] : x[0] + ((i + 0.5) * width))], [.. means.Select(i => count[i] > 0 ? sumY[i] / count[i] : double.NaN)]);
    }
}
