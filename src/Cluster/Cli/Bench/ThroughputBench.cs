using ActorRing.Actors.Plans;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Compute.Verification;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>One row of <c>bench throughput</c>.</summary>
/// <param name="Mode">Spelling; data_parallel first.</param>
/// <param name="Ranks">Processes of one thread, and rows of an update.</param>
/// <param name="Tokens">S, of a row.</param>
/// <param name="TokensPerSecond">Of all ranks, until the last is done; median.</param>
/// <param name="Fraction">Of the multiply-add peak that the ranks measure between the steps; 6 N_mm + 6 L D S FLOPs a token, without credit for recompute.</param>
/// <param name="Ratio">TokensPerSecond over that of data parallel at the same length.</param>
/// <param name="CpuRatio">The same of tokens by processor time of all ranks, which a busy machine disturbs less.</param>
/// <param name="Bytes">Sent by all ranks in an update.</param>
/// <param name="Loss">Of the last update.</param>
/// <param name="LossDifference">Greatest over the updates, relative to data parallel, which trains the same rows.</param>
internal sealed record ThroughputRow(string Mode, int Ranks, int Tokens, double TokensPerSecond, double Fraction, double Ratio, double CpuRatio, long Bytes, double Loss, double LossDifference);

/// <summary>EasyContext's table: the same rows trained data parallel, a row a rank, and in every mode, all ranks on every row.</summary>
internal static class ThroughputBench
{
    /// <summary>Data parallel, then the modes, at one length.</summary>
    /// <param name="processes">Runs the ranks.</param>
    /// <param name="modes">That share a sequence.</param>
    /// <param name="problem">As many rows as there are ranks.</param>
    /// <param name="rounds">Counted updates; data parallel has them twice, because the machine's speed drifts: before the others and after them.</param>
    internal static List<ThroughputRow> Run(RankProcesses processes, IReadOnlyList<string> modes, TrainingProblem problem, int rounds)
    {
        string[] order = [SharedModes.Replicas, .. modes, SharedModes.Replicas];
        var measured = order.SelectMany(mode => RankStepBench.Measured(processes, mode, problem.Rows, problem, rounds).GroupBy(step => step.Round).Select(ranks => (mode, ranks)))
            .ToLookup(update => update.mode, update => update.ranks.ToList());
        var replicas = measured[SharedModes.Replicas].ToList();
        return [.. measured.Select(mode => Row(mode.Key, [.. mode], replicas, problem))];
    }

    /// <summary>The modes that can share such rows; why not, for the others.</summary>
    internal static (IReadOnlyList<string> Modes, IReadOnlyList<string> Refused) Possible(IReadOnlyList<string> modes, TrainingProblem problem)
    {
        var (possible, refused) = (new List<string>(), new List<string>());
        foreach (var mode in modes)
        {
            try
            {
                RankStepBench.Plan(mode, problem.Rows, problem);
                possible.Add(mode);
            }
            catch (PlanException cannot)
            {
                refused.Add($"{mode} at {problem.Tokens} tokens: {cannot.Message}");
            }
        }

        return (possible, refused);
    }

    // Each update is what its ranks measured.
    private static ThroughputRow Row(string mode, List<List<RankStep>> updates, List<List<RankStep>> replicas, TrainingProblem problem)
    {
        double Rate(List<List<RankStep>> of) => (double)problem.Rows * problem.Tokens / Measure.Median(of.Select(update => update.Max(rank => rank.Ms))) * 1e3;
        double CpuMs(List<List<RankStep>> of) => Measure.Median(of.Select(update => update.Sum(rank => rank.CpuMs)));
        var lossOf = replicas.DistinctBy(update => update[0].Round).ToDictionary(update => update[0].Round, update => update[0].Loss);
        var peak = Measure.Median(updates.Select(update => update.Sum(rank => rank.PeakGflops)));
        return new ThroughputRow(
            mode, problem.Rows, problem.Tokens, BenchJson.Round(Rate(updates), 1), BenchJson.Round(Rate(updates) * problem.Dims.FlopsPerToken(problem.Tokens) / 1e9 / peak, 4),
            BenchJson.Round(Rate(updates) / Rate(replicas), 3), BenchJson.Round(CpuMs(replicas) / CpuMs(updates), 3), updates[^1].Sum(rank => rank.Bytes), BenchJson.Round(updates[^1][0].Loss, 6),
            updates.SelectMany(update => update).Max(rank => Math.Abs(rank.Loss - lossOf[rank.Round]) / lossOf[rank.Round]));
    }
}
