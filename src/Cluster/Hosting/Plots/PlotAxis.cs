namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>How numbers lie along an axis.</summary>
public enum AxisScale
{
    /// <summary>Equal differences are equally far.</summary>
    Linear,

    /// <summary>Equal ratios are equally far; what is not above 0 cannot be shown.</summary>
    Logarithmic,
}

/// <summary>An axis of a <see cref="LinePlot"/>.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Unit">In what; empty for a bare number. Context lengths bring their own.</param>
public sealed record PlotAxis(string Title, string Unit)
{
    /// <summary>Linear unless set.</summary>
    public AxisScale Scale { get; init; }

    /// <summary>The axis starts at 0, whatever the numbers are; for a linear axis.</summary>
    public bool IsFromZero { get; init; }

    /// <summary>Numbers are whole, such as steps: so are the marks.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Numbers are context lengths in tokens: marks stand at the lengths themselves, as 4K or 1M.</summary>
    public bool IsLength { get; init; }
}
