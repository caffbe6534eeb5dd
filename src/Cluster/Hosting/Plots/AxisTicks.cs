using System.Globalization;

namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>Where an axis has marks: at 1, 2 or 5 times a power of ten, never outside of its range.</summary>
internal static class AxisTicks
{
    // Above this many decades only every so many get a mark.
    private const int MostDecades = 8;

    /// <param name="least">Where the axis starts; finite.</param>
    /// <param name="most">Where it ends; above <paramref name="least"/>.</param>
    /// <param name="wanted">About how many marks there is room for, at least 2.</param>
    internal static IReadOnlyList<double> Linear(double least, double most, int wanted)
    {
        var step = Step((most - least) / wanted);
        var first = Math.Ceiling((least / step) - 1e-9);
        var count = (int)(Math.Floor((most / step) + 1e-9) - first) + 1;
        // Multiples, not sums: sums would drift. Rounded, because 3 * 0.1 is not 0.3.
        var digits = Digits(step);
        return [.. Enumerable.Range(0, Math.Max(0, count)).Select(i => digits is >= 0 and <= 15 ? Math.Round((first + i) * step, digits) : (first + i) * step)];
    }

    /// <summary>Both ends above 0. Falls back to <see cref="Linear"/> where the range is less than about half a decade.</summary>
    internal static IReadOnlyList<double> Log10(double least, double most, int wanted)
    {
        var (low, high) = (Math.Log10(least), Math.Log10(most));
        int[] digits = high - low <= wanted / 3.0 ? [1, 2, 5] : [1];
        var stride = Math.Max(1, (int)Math.Ceiling((high - low) / MostDecades));
        var ticks = new List<double>();
        for (var decade = (int)Math.Floor(low); decade <= (int)Math.Ceiling(high); decade++)
        {
            if (decade % stride == 0)
            {
                ticks.AddRange(digits.Select(digit => digit * Math.Pow(10, decade)).Where(tick => tick >= least * (1 - 1e-9) && tick <= most * (1 + 1e-9)));
            }
        }

        return ticks.Count >= 2 ? ticks : Linear(least, most, wanted);
    }

    /// <summary>The shortest texts in which neighbours differ; thousands apart; powers of ten where numbers are very large or small.</summary>
    internal static IReadOnlyList<string> Labels(IReadOnlyList<double> ticks)
    {
        var largest = ticks.Count == 0 ? 0 : ticks.Max(Math.Abs);
        if (largest >= 1e7 || (largest > 0 && largest < 1e-3))
        {
            var texts = Enumerable.Range(3, 10).Select(more => ticks.Select(tick => Power(tick, more)).ToArray());
            return texts.FirstOrDefault(all => all.Distinct().Count() == ticks.Count) ?? texts.Last();
        }

        var isEven = Enumerable.Range(2, Math.Max(0, ticks.Count - 2)).All(i => Math.Abs(ticks[i] - (2 * ticks[i - 1]) + ticks[i - 2]) < 1e-6 * largest);
        var digits = ticks.Count > 1 && isEven ? Math.Clamp(Digits(ticks[1] - ticks[0]), 0, 9) : -1;
        return [.. ticks.Select(tick => tick.ToString(digits < 0 ? "#,0.######" : digits == 0 ? "#,0" : "#,0." + new string('0', digits), CultureInfo.InvariantCulture))];
    }

    private static string Power(double tick, int decimals) => tick == 0 ? "0" : tick.ToString("0." + new string('#', decimals) + "e+0", CultureInfo.InvariantCulture);

    // 1, 2 or 5 times a power of ten, not below the step asked for.
    private static double Step(double atLeast)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(atLeast)));
        return power * (atLeast / power) switch { <= 1 + 1e-9 => 1, <= 2 + 1e-9 => 2, <= 5 + 1e-9 => 5, _ => 10 };
    }

    // Decimals that a multiple of the step needs.
    private static int Digits(double step) => Math.Max(0, -(int)Math.Floor(Math.Log10(Math.Abs(step)) + 1e-9));
}
