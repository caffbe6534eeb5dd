namespace ActorRing.Actors.Plans.Cost;

/// <summary>What a published run is used for.</summary>
public enum PublishedRole
{
    /// <summary>The prediction is held to <see cref="PublishedCheck.Tolerance"/>; no constant knows of it.</summary>
    Held,

    /// <summary>Known at first hand, settings included: <see cref="HardwareProfile.SustainedFraction"/> comes from these.</summary>
    Calibrates,

    /// <summary>Known at second hand, or most settings assumed: shown, used for nothing.</summary>
    Information,
}

/// <summary>A training run that somebody has published, with the settings that it was run with.</summary>
/// <param name="System">Who.</param>
/// <param name="Row">Which row of their table.</param>
/// <param name="Model">The model.</param>
/// <param name="Setting">How it was spread. What the authors do not say is assumed, and <paramref name="Assumed"/> names it.</param>
/// <param name="Hardware">Each GPU.</param>
/// <param name="Links">Between them.</param>
/// <param name="TokensPerSecond">Published, of all GPUs.</param>
/// <param name="Role">What the run is used for.</param>
/// <param name="Assumed">What the authors do not say.</param>
public sealed record PublishedRun(
    string System,
    string Row,
    ModelCost Model,
    ParallelSetting Setting,
    HardwareProfile Hardware,
    Interconnect Links,
    double TokensPerSecond,
    PublishedRole Role,
    string Assumed);
