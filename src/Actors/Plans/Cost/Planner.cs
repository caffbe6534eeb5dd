namespace ActorRing.Actors.Plans.Cost;

/// <summary>Tries every legal setting of a request and chooses the fastest that fits.</summary>
public static class Planner
{
    /// <summary>Plans. Costs some microseconds a setting; a thousand GPUs have tens of thousands of settings.</summary>
    public static PlanAnswer Plan(PlanRequest request)
    {
        var modes = Outcomes(request);
        var chosen = BestOf(modes, fits: true);
        var nearest = chosen is null ? BestOf(modes, fits: false) : null;
        return new PlanAnswer(
            modes, chosen, nearest, Explanation.Of(request, modes, chosen), nearest is null ? new List<PlanChange>() : Changes.For(request, Choose));
    }

    /// <summary>The fastest setting that fits, or null.</summary>
    private static PlanCandidate? Choose(PlanRequest request) => BestOf(Outcomes(request), fits: true);

    private static List<ModeOutcome> Outcomes(PlanRequest request)
    {
        var outcomes = new List<ModeOutcome>();
        foreach (var mode in CostModes.All)
        {
            if (request.Mode is { } only && only != mode)
            {
                continue;
            }

            PlanCandidate? best = null;
            foreach (var setting in SettingSpace.Of(request, mode))
            {
                var candidate = PlanCandidate.Of(request, setting);
                best = best is null || IsBetter(candidate, best) ? candidate : best;
            }

            outcomes.Add(new ModeOutcome(mode, best, best is null ? SettingSpace.Problem(request, mode) : ""));
        }

        return outcomes;
    }

    private static PlanCandidate? BestOf(List<ModeOutcome> modes, bool fits)
    {
        PlanCandidate? best = null;
        for (var i = 0; i < modes.Count; i++)
        {
            if (modes[i].Best is { } candidate && candidate.Fit.Fits == fits && (best is null || IsBetter(candidate, best)))
            {
                best = candidate;
            }
        }

        return best;
    }

    // What fits before what does not; then the faster, and of equals the smaller; among what does not fit, the one that lacks least.
    private static bool IsBetter(PlanCandidate one, PlanCandidate other)
    {
        if (one.Fit.Fits != other.Fit.Fits)
        {
            return one.Fit.Fits;
        }

        if (!one.Fit.Fits)
        {
            return one.Fit.NeededBytes - one.Fit.AvailableBytes < other.Fit.NeededBytes - other.Fit.AvailableBytes;
        }

        return one.Time.TokensPerSecond > other.Time.TokensPerSecond
            || (one.Time.TokensPerSecond == other.Time.TokensPerSecond && one.Memory.DeviceBytes < other.Memory.DeviceBytes);
    }
}
