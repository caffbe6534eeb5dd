namespace ActorRing.Compute.Specs.Operations;

/// <summary>Compares a result with the reference, element by element. A NaN is never close to anything, and infinities must be equal.</summary>
internal static class Comparison
{
    internal static void Require(string what, double[] expected, double[] actual, Tolerance tolerance)
    {
        var (ratio, at) = Worst(expected, actual, tolerance);
        Assert.True(ratio <= 1,
            $"{what}[{at}] of {expected.Length} is {At(actual, at):R}, the reference says {At(expected, at):R}: {ratio:G3} times the tolerance");
    }

    /// <summary>For specs that break a call on purpose: the comparison above must fail, and clearly.</summary>
    internal static void MustNotice(string fault, double[] expected, double[] actual, Tolerance tolerance)
    {
        var (ratio, _) = Worst(expected, actual, tolerance);
        Assert.True(ratio > 2, $"{fault} went unnoticed: the worst element reaches {ratio:G3} times the tolerance");
    }

    private static (double Ratio, int At) Worst(double[] expected, double[] actual, Tolerance tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        var allowedEverywhere = tolerance.OfScale * Math.Max(RootMeanSquare(expected), Tolerance.SmallestScale);
        var worst = (Ratio: 0.0, At: 0);
        for (var i = 0; i < expected.Length; i++)
        {
            var ratio = Ratio(expected[i], actual[i], (tolerance.Relative * Math.Abs(expected[i])) + allowedEverywhere);
            if (ratio > worst.Ratio)
            {
                worst = (ratio, i);
            }
        }

        return worst;
    }

    private static double Ratio(double expected, double actual, double allowed)
    {
        if (expected.Equals(actual))
        {
            return 0;
        }

        var ratio = Math.Abs(actual - expected) / allowed;
        return double.IsFinite(expected) && double.IsFinite(actual) ? ratio : double.PositiveInfinity;
    }

    private static double RootMeanSquare(double[] values)
    {
        var finite = values.Where(double.IsFinite).ToArray();
        return finite.Length == 0 ? 0 : Math.Sqrt(finite.Sum(value => value * value) / finite.Length);
    }

    private static double At(double[] values, int at) => values.Length == 0 ? double.NaN : values[at];
}
