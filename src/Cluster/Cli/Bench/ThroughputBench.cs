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
/// <param name="Bytes">Sent by all ranks in an update.</param>
/// <param name="Loss">Of the last update.</param>
/// <param name="LossDifference">Greatest over the updates, relative to data parallel, which trains the same rows.</param>
internal sealed record ThroughputRow(string Mode, int Ranks, int Tokens, double TokensPerSecond, double Fraction, double Ratio, long Bytes, double Loss, double LossDifference);

/// <summary>EasyContext's table: the same rows trained data parallel, a row a rank, and in every mode, all ranks on every row.</summary>
internal static class ThroughputBench
{
    /// <summary>Rows of one length, one after the other.</summary>
    /// <param name="processes">Runs the ranks.</param>
    /// <param name="modes">That share a sequence.</param>
    /// <param name="problem">As many rows as there are ranks.</param>
    /// <param name="rounds">Counted updates.</param>
    internal static IEnumerable<ThroughputRow> Run(RankProcesses processes, IReadOnlyList<string> modes, TrainingProblem problem, int rounds)
    {
        var ranks = problem.Rows;
        var replicas = Rounds(RankStepBench.Measured(processes, SharedModes.Replicas, ranks, problem, rounds));
        var rate = Rate(replicas, problem);
        yield return Row(SharedModes.Replicas, replicas);
        foreach (var mode in modes)
        {
            yield return Row(mode, Rounds(RankStepBench.Measured(processes, mode, ranks, problem, rounds)));
        }

        ThroughputRow Row(string mode, List<IGrouping<int, RankStep>> steps)
        {
            var peak = Measure.Median(steps.Select(step => step.Sum(rank => rank.PeakGflops)));
            var own = Rate(steps, problem);
            return new ThroughputRow(
                mode, ranks, problem.Tokens, BenchJson.Round(own, 1), BenchJson.Round(own * problem.Dims.FlopsPerToken(problem.Tokens) / 1e9 / peak, 4), BenchJson.Round(own / rate, 3),
                steps[0].Sum(rank => rank.Bytes), BenchJson.Round(steps[^1].First().Loss, 6),
                steps.Zip(replicas).Max(pair => pair.First.Max(rank => Math.Abs(rank.Loss - pair.Second.First().Loss)) / pair.Second.First().Loss));
        }
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

    private static List<IGrouping<int, RankStep>> Rounds(IEnumerable<RankStep> steps) => [.. steps.GroupBy(step => step.Round).OrderBy(round => round.Key)];

    private static double Rate(List<IGrouping<int, RankStep>> steps, TrainingProblem problem) =>
        (double)problem.Rows * problem.Tokens / Measure.Median(steps.Select(step => step.Max(rank => rank.Ms))) * 1e3;
}
