namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>One line of a <see cref="LinePlot"/>.</summary>
public sealed record LineSeries
{
    /// <param name="name">For the legend and the line's end.</param>
    /// <param name="x">Finite numbers that do not fall.</param>
    /// <param name="y">One for each x; what is not finite is a gap.</param>
    /// <exception cref="ArgumentException">One line: the lengths differ, or x falls or is not finite.</exception>
    public LineSeries(string name, IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Count != y.Count)
        {
            throw new ArgumentException($"series {name}: {x.Count} x and {y.Count} y; allowed: as many of each", nameof(y));
        }

        for (var i = 0; i < x.Count; i++)
        {
            if (!double.IsFinite(x[i]) || (i > 0 && x[i] < x[i - 1]))
            {
                throw new ArgumentException(FormattableString.Invariant($"series {name}: x is {x[i]} at point {i + 1}; allowed: finite numbers that do not fall"), nameof(x));
            }
        }

        (Name, X, Y) = (name, x, y);
    }

    /// <summary>For the legend and the line's end.</summary>
    public string Name { get; }

    /// <summary>Finite, not falling.</summary>
    public IReadOnlyList<double> X { get; }

    /// <summary>As many as <see cref="X"/>.</summary>
    public IReadOnlyList<double> Y { get; }

    /// <summary>Where along x something happened, such as a recovery.</summary>
    public IReadOnlyList<double> Events { get; init; } = [];
}
