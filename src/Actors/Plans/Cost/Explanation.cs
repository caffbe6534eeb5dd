namespace ActorRing.Actors.Plans.Cost;

/// <summary>Why the chosen setting, and why not each other mode, in sentences that carry their numbers.</summary>
internal static class Explanation
{
    internal static IReadOnlyList<string> Of(PlanRequest request, IReadOnlyList<ModeOutcome> modes, PlanCandidate? chosen)
    {
        var lines = new List<string>();
        if (chosen is not null)
        {
            lines.Add(Choice(request, chosen));
            if (Hiding(request, chosen) is { Length: > 0 } hiding)
            {
                lines.Add(hiding);
            }
        }

        foreach (var outcome in modes)
        {
            if (outcome.Best is null)
            {
                lines.Add($"{CostModes.NameOf(outcome.Mode)} cannot: {outcome.Problem}");
            }
            else if (!outcome.Best.Fit.Fits)
            {
                lines.Add($"{CostModes.NameOf(outcome.Mode)} does not fit: {Overflow(outcome.Best)}");
            }
            else if (chosen is not null && outcome.Mode != chosen.Setting.Mode)
            {
                lines.Add(Slower(request, outcome.Best, chosen));
            }
        }

        return lines;
    }

    /// <summary>The part that overflows, what it needs and what is left for it.</summary>
    internal static string Overflow(PlanCandidate candidate) =>
        candidate.Fit.Overflow is { } part
            ? $"{part.Name} need {Words.Bytes(part.Bytes)} and {Words.Bytes(candidate.Fit.LeftBytes)} of {Words.Bytes(candidate.Fit.AvailableBytes)} are left"
                + $" ({Words.Bytes(candidate.Fit.NeededBytes)} in all)"
            : "";

    private static string Choice(PlanRequest request, PlanCandidate chosen)
    {
        var setting = chosen.Setting;
        return $"{Shape(setting)} is the fastest of what fits: {Words.Whole(chosen.Time.TokensPerSecond)} tokens/s, "
            + $"{Words.Bytes(chosen.Memory.DeviceBytes)} of {Words.Bytes(request.Hardware.UsableBytes)} a GPU";
    }

    /// <summary>A setting in a few words.</summary>
    internal static string Shape(ParallelSetting setting)
    {
        var cut = setting.Mode switch
        {
            CostMode.DataParallel => $"{setting.DataParallel} groups of one GPU",
            CostMode.Usp => $"{setting.DataParallel} x (head {setting.HeadParallel} x context {setting.ContextParallel})",
            CostMode.DoubleRing => $"{setting.DataParallel} x (context {setting.ContextParallel}, window {setting.InnerWindow})",
            _ => $"{setting.DataParallel} x {setting.SequenceRanks}",
        };
        return $"{CostModes.NameOf(setting.Mode)} {cut}";
    }

    private static string Hiding(PlanRequest request, PlanCandidate chosen)
    {
        var (setting, time) = (chosen.Setting, chosen.Time);
        if (setting.SequenceRanks == 1)
        {
            return "";
        }

        var exposed = $"{Words.Percent(time.ExposedExchange / time.Total)} of the update";
        if (setting.Mode == CostMode.Ulysses)
        {
            return $"its all-to-alls cannot hide: {exposed} is spent in them{Replication(request, setting)}";
        }

        var (hop, step) = (Words.Seconds(time.HopSeconds), Words.Seconds(time.RingStepSeconds));
        return time.HopSeconds <= time.RingStepSeconds
            ? $"its transfers hide: {hop} of copying behind {step} of attention; {exposed} is left over{Replication(request, setting)}"
            : $"its transfers do not hide: {hop} of copying behind {step} of attention; {exposed} is spent waiting{Replication(request, setting)}";
    }

    private static string Replication(PlanRequest request, ParallelSetting setting) => setting.HeadParallel > request.Model.KvHeads
        ? $"; {request.Model.KvHeads} KV heads over {setting.HeadParallel} ranks replicate KV {Words.Times((double)setting.HeadParallel / request.Model.KvHeads)}"
        : "";

    // The part of an update that makes most of the difference, for each token.
    private static string Slower(PlanRequest request, PlanCandidate other, PlanCandidate chosen)
    {
        var (one, two) = (other.Time, chosen.Time);
        var name = Shape(other.Setting);
        var balance = Balance.Efficiency(request.Model, other.Setting);
        var (worst, difference) = ("", 0.0);
        void Weigh(string reason, double mine, double theirs)
        {
            var more = (mine / other.Setting.TokensPerUpdate) - (theirs / chosen.Setting.TokensPerUpdate);
            (worst, difference) = more > difference ? ($"{reason}, {Words.Seconds(mine)} of an update instead of {Words.Seconds(theirs)}", more) : (worst, difference);
        }

        var (policy, instead) = (CostModes.NameOf(other.Setting.Recompute), CostModes.NameOf(chosen.Setting.Recompute));
        var again = policy == instead ? "" : $" with recompute {policy} instead of {instead}, for lack of memory";
        Weigh($"products{again}", one.Matmul, two.Matmul);
        Weigh(balance < 0.995 ? $"the slowest rank's attention (balance {Words.Percent(balance)})" : $"attention{again}", one.Attention, two.Attention);
        Weigh("memory traffic of merging blocks", one.Elementwise, two.Elementwise);
        Weigh($"transfers that nothing hides{Replication(request, other.Setting)}", one.ExposedExchange, two.ExposedExchange);
        Weigh("sharded weights and gradients on the wire", one.ExposedShards, two.ExposedShards);
        Weigh("copies to the host", one.HostCopies, two.HostCopies);
        Weigh("the optimiser", one.Optimizer, two.Optimizer);
        var slower = 1 - (one.TokensPerSecond / two.TokensPerSecond);
        return worst.Length == 0 || slower < 5e-4
            ? $"{name} is as fast"
            : $"{name} is {Words.Percent(slower)} slower, most of it {worst}";
    }
}
