namespace ActorRing.Compute.Specs.Reference;

/// <summary>y = x wᵀ + bias. x <c>[R, I]</c>, w <c>[O, I]</c>, bias <c>[O]</c>, y <c>[R, O]</c>.</summary>
internal static class ReferenceLinear
{
    internal static double[] Forward(double[] x, double[] w, double[]? bias, int rows, int inputs, int outputs)
    {
        var y = new double[rows * outputs];
        for (var r = 0; r < rows; r++)
        {
            for (var o = 0; o < outputs; o++)
            {
                var sum = bias?[o] ?? 0;
                for (var i = 0; i < inputs; i++)
                {
                    sum += x[(r * inputs) + i] * w[(o * inputs) + i];
                }

                y[(r * outputs) + o] = sum;
            }
        }

        return y;
    }

    /// <returns>dx <c>[R, I]</c>.</returns>
    internal static double[] BackwardInput(double[] dy, double[] w, int rows, int inputs, int outputs)
    {
        var dx = new double[rows * inputs];
        for (var r = 0; r < rows; r++)
        {
            for (var o = 0; o < outputs; o++)
            {
                for (var i = 0; i < inputs; i++)
                {
                    dx[(r * inputs) + i] += dy[(r * outputs) + o] * w[(o * inputs) + i];
                }
            }
        }

        return dx;
    }

    /// <returns>dw <c>[O, I]</c>.</returns>
    internal static double[] BackwardWeight(double[] dy, double[] x, int rows, int inputs, int outputs)
    {
        var dw = new double[outputs * inputs];
        for (var r = 0; r < rows; r++)
        {
            for (var o = 0; o < outputs; o++)
            {
                for (var i = 0; i < inputs; i++)
                {
                    dw[(o * inputs) + i] += dy[(r * outputs) + o] * x[(r * inputs) + i];
                }
            }
        }

        return dw;
    }

    /// <returns>dbias <c>[O]</c>.</returns>
    internal static double[] BackwardBias(double[] dy, int rows, int outputs)
    {
        var dbias = new double[outputs];
        for (var r = 0; r < rows; r++)
        {
            for (var o = 0; o < outputs; o++)
            {
                dbias[o] += dy[(r * outputs) + o];
            }
        }

        return dbias;
    }
}
