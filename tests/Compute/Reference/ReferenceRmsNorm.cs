namespace ActorRing.Compute.Specs.Reference;

/// <summary>y = x rstd w, rstd = 1/√(mean(x²) + ε). x and y <c>[R, D]</c>, w <c>[D]</c>, rstd <c>[R]</c>. Source: arXiv:1910.07467.</summary>
internal static class ReferenceRmsNorm
{
    internal static (double[] Y, double[] Rstd) Forward(double[] x, double[] w, double epsilon, int rows)
    {
        var size = w.Length;
        var y = new double[rows * size];
        var rstd = new double[rows];
        for (var r = 0; r < rows; r++)
        {
            var squares = 0.0;
            for (var d = 0; d < size; d++)
            {
                squares += x[(r * size) + d] * x[(r * size) + d];
            }

            rstd[r] = 1 / Math.Sqrt((squares / size) + epsilon);
            for (var d = 0; d < size; d++)
            {
                y[(r * size) + d] = x[(r * size) + d] * rstd[r] * w[d];
            }
        }

        return (y, rstd);
    }

    /// <summary>dx = rstd (g - x rstd² mean(g x)) with g = w dy; dw = Σ over rows of dy x rstd.</summary>
    internal static (double[] Dx, double[] Dw) Backward(double[] x, double[] w, double[] rstd, double[] dy, int rows)
    {
        var size = w.Length;
        var dx = new double[rows * size];
        var dw = new double[size];
        for (var r = 0; r < rows; r++)
        {
            var mean = 0.0;
            for (var d = 0; d < size; d++)
            {
                mean += w[d] * dy[(r * size) + d] * x[(r * size) + d] / size;
            }

            for (var d = 0; d < size; d++)
            {
                var at = (r * size) + d;
                dx[at] = rstd[r] * ((w[d] * dy[at]) - (x[at] * rstd[r] * rstd[r] * mean));
                dw[d] += dy[at] * x[at] * rstd[r];
            }
        }

        return (dx, dw);
    }
}
