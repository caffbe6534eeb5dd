namespace ActorRing.Actors.Plans.Cost;

/// <summary>A published run beside what the model says of it.</summary>
/// <param name="Run">The run.</param>
/// <param name="Time">The model's time of it.</param>
/// <param name="Remark">What is odd about a row beside its neighbours, from the published numbers themselves; empty where nothing is.</param>
public sealed record PublishedCheck(PublishedRun Run, TimeCost Time, string Remark)
{
    /// <summary>Largest distance of predicted over published tokens/s from 1: 25 %.</summary>
    public const double Tolerance = 0.25;

    /// <summary>Predicted over published tokens/s.</summary>
    public double Ratio => Time.TokensPerSecond / Run.TokensPerSecond;

    /// <summary>The same from kernel benchmarks and data sheets alone, without <see cref="HardwareProfile.SustainedFraction"/>.</summary>
    public double KernelRatio => Ratio * Time.Total / Time.Explained;

    /// <summary>Whether the ratio lies within <see cref="Tolerance"/> of 1.</summary>
    public bool Within => Math.Abs(Ratio - 1) <= Tolerance;

    /// <summary>The published rate as MFU, causal attention counted half.</summary>
    public double PublishedMfu => Run.TokensPerSecond * Run.Model.CausalFlopsPerToken(Run.Setting.Tokens) / (Run.Setting.Gpus * Run.Hardware.PeakFlops);

    /// <summary>Checks every run, with one set of constants for all.</summary>
    public static IReadOnlyList<PublishedCheck> All()
    {
        var checks = new List<PublishedCheck>();
        foreach (var run in PublishedRuns.All)
        {
            checks.Add(new PublishedCheck(run, TimeOf(run), ""));
        }

        for (var i = 0; i < checks.Count; i++)
        {
            if (checks[i].Run.Role == PublishedRole.Held)
            {
                checks[i] = checks[i] with { Remark = RemarkOn(checks[i], Neighbour(checks, i, -1), Neighbour(checks, i, 1)) };
            }
        }

        return checks;
    }

    /// <summary>
    /// Geometric mean of published over kernel-only predicted tokens/s of the runs that calibrate: what <see cref="HardwareProfile.SustainedFraction"/> is,
    /// to two digits.
    /// </summary>
    public static double SustainedByOthers(IReadOnlyList<PublishedCheck> checks)
    {
        double sum = 0;
        double count = 0;
        foreach (var check in checks)
        {
            if (check.Run.Role == PublishedRole.Calibrates)
            {
                sum -= Math.Log(check.KernelRatio);
                count++;
            }
        }

        return Math.Exp(sum / count);
    }

    private static TimeCost TimeOf(PublishedRun run) => TimeCost.Of(run.Model, run.Setting, run.Hardware, run.Links);

    // The nearest row in that direction that was measured in the same way.
    private static PublishedCheck? Neighbour(List<PublishedCheck> checks, int from, int direction)
    {
        for (var i = from + direction; i >= 0 && i < checks.Count; i += direction)
        {
            var (here, there) = (checks[from].Run, checks[i].Run);
            if (there.Role == PublishedRole.Held && there.System == here.System && there.Setting.Mode == here.Setting.Mode)
            {
                return checks[i];
            }
        }

        return null;
    }

    // Time that grows faster than the work cannot come from any fixed cost, and efficiency does not fall between two lengths at which it is higher.
    private static string RemarkOn(PublishedCheck row, PublishedCheck? shorter, PublishedCheck? longer)
    {
        if (shorter is null || longer is null || row.PublishedMfu >= Math.Min(shorter.PublishedMfu, longer.PublishedMfu))
        {
            return "";
        }

        var expected = Between(row, shorter, longer);
        return $"published MFU {Words.Percent(row.PublishedMfu)} lies below both neighbours' {Words.Percent(shorter.PublishedMfu)} and {Words.Percent(longer.PublishedMfu)}: "
            + $"{Words.Times(Seconds(row) / Seconds(shorter))} the time of the row before for {Words.Times(Flops(row) / Flops(shorter))} the FLOPs; "
            + $"a line through the neighbours gives {Words.Whole(expected)} tokens/s, {Words.Times(expected / row.Run.TokensPerSecond)} what is published";
    }

    // Seconds a sequence = a + b FLOPs through the two neighbours.
    private static double Between(PublishedCheck row, PublishedCheck shorter, PublishedCheck longer)
    {
        var slope = (Seconds(longer) - Seconds(shorter)) / (Flops(longer) - Flops(shorter));
        return row.Run.Setting.Tokens / (Seconds(shorter) + (slope * (Flops(row) - Flops(shorter))));
    }

    private static double Seconds(PublishedCheck row) => row.Run.Setting.Tokens / row.Run.TokensPerSecond;

    private static double Flops(PublishedCheck row) => row.Run.Setting.Tokens * row.Run.Model.CausalFlopsPerToken(row.Run.Setting.Tokens);
}
