namespace ActorRing.Compute.Specs.Reference;

/// <summary>Central differences: what a gradient must be, without knowing how it was derived.</summary>
internal static class FiniteDifference
{
    // The truncation error falls with the square of the step, the rounding error grows with its inverse: near 1e-5 both are about 1e-10 in float64.
    private const double Step = 1e-5;

    /// <summary>Moves each element of <paramref name="x"/> a little, in place and back, and watches <paramref name="loss"/>.</summary>
    internal static double[] Gradient(double[] x, Func<double> loss)
    {
        var gradient = new double[x.Length];
        for (var i = 0; i < x.Length; i++)
        {
            var centre = x[i];
            x[i] = centre + Step;
            var above = loss();
            x[i] = centre - Step;
            var below = loss();
            x[i] = centre;
            gradient[i] = (above - below) / (2 * Step);
        }

        return gradient;
    }

    internal static void Require(double[] gradient, double[] x, Func<double> loss, string what)
    {
        var expected = Gradient(x, loss);
        Assert.Equal(expected.Length, gradient.Length);
        Assert.Contains(expected, value => Math.Abs(value) > 1e-6);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(gradient[i] - expected[i]) <= 1e-8 + (1e-6 * Math.Abs(expected[i])),
                $"{what}[{i}] is {gradient[i]:R}, differences say {expected[i]:R}");
        }
    }
}
