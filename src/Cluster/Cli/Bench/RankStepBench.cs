using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Compute.Model;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench step --ranks</c> prints.</summary>
/// <param name="Mode">Spelling of the mode.</param>
/// <param name="Ranks">Processes of one thread.</param>
/// <param name="Tokens">Of the sequence.</param>
/// <param name="MsOneRank">A step of one process with one thread; median.</param>
/// <param name="MsRanks">The same step by all ranks, until the last is done; median.</param>
/// <param name="Speedup">MsOneRank / MsRanks.</param>
/// <param name="TokensPerCpuSecondOneRank">Tokens by processor time.</param>
/// <param name="TokensPerCpuSecondRanks">The same, processor time of all ranks.</param>
/// <param name="CpuRatio">TokensPerCpuSecondRanks / TokensPerCpuSecondOneRank.</param>
/// <param name="RatioOfAlone">TokensPerCpuSecond of as many independent processes as there are ranks, side by side, each with a whole step of its own and nothing to say to the others,
/// over TokensPerCpuSecondOneRank: what the machine itself gives, the ceiling of CpuRatio but for what a rank saves.</param>
/// <param name="SpeedupOfAlone">Steps per second of those processes together over those of one: the ceiling of Speedup.</param>
/// <param name="PeakRatio">Peak of a core while all ranks are busy / that of one alone, as each process measures it after its steps: below 1 the machine does not give full cores.</param>
/// <param name="Bytes">Sent by all ranks in a step.</param>
/// <param name="LossDifference">Relative, of the last step.</param>
internal sealed record RankStepReport(
    string Mode, int Ranks, int Tokens, double MsOneRank, double MsRanks, double Speedup, double TokensPerCpuSecondOneRank, double TokensPerCpuSecondRanks, double CpuRatio,
    double RatioOfAlone, double SpeedupOfAlone, double PeakRatio, long Bytes, double LossDifference);

/// <summary>What one rank measured in one step.</summary>
internal sealed record RankStep(int Round, double Ms, double CpuMs, double PeakGflops, long Bytes, double Loss);

/// <summary>A whole training step of several rank processes of one thread, against one process of one thread.</summary>
internal static class RankStepBench
{
    private const string RankCommand = "bench-step-rank";

    internal static RankStepReport Run(RankProcesses processes, string mode, int ranks, TrainingProblem problem, int rounds)
    {
        var tokens = problem.Tokens;
        // The machine's speed drifts: one process is measured before and after.
        List<RankStep> alone = [.. Measured(processes, "ring", 1, problem, rounds)];
        var independent = SideBySide(processes, ranks, problem, rounds);
        var together = Measured(processes, mode, ranks, problem, rounds);
        alone.AddRange(Measured(processes, "ring", 1, problem, rounds));
        var steps = together.GroupBy(step => step.Round).ToList();
        var (oneMs, oneCpuMs) = (Measure.Median(alone.Select(step => step.Ms)), Measure.Median(alone.Select(step => step.CpuMs)));
        var ranksMs = Measure.Median(steps.Select(step => step.Max(rank => rank.Ms)));
        var ranksCpuMs = Measure.Median(steps.Select(step => step.Sum(rank => rank.CpuMs)));
        var lastLoss = alone.First(step => step.Round == rounds - 1).Loss;
        return new RankStepReport(
            mode, ranks, tokens, BenchJson.Round(oneMs, 1), BenchJson.Round(ranksMs, 1), BenchJson.Round(oneMs / ranksMs, 3), BenchJson.Round(tokens / oneCpuMs * 1e3, 1),
            BenchJson.Round(tokens / ranksCpuMs * 1e3, 1), BenchJson.Round(oneCpuMs / ranksCpuMs, 3), BenchJson.Round(oneCpuMs / Measure.Median(independent.Select(step => step.CpuMs)), 3),
            BenchJson.Round(ranks * oneMs / Measure.Median(independent.Select(step => step.Ms)), 3),
            BenchJson.Round(Measure.Median(together.Select(step => step.PeakGflops)) / Measure.Median(alone.Select(step => step.PeakGflops)), 3), steps[0].Sum(rank => rank.Bytes),
            Math.Abs(together.First(step => step.Round == rounds - 1).Loss - lastLoss) / lastLoss);
    }

    /// <summary>The plan of a run; refuses what cannot be.</summary>
    internal static SequenceParallelPlan Plan(string mode, int ranks, TrainingProblem problem) => new PlanRequest
    {
        Mode = mode,
        Ranks = ranks,
        Tokens = problem.Tokens,
        Batch = problem.Rows,
        QueryHeads = problem.Dims.Heads,
        KeyHeads = problem.Dims.KvHeads,
        HeadSize = problem.Dims.HeadSize,
        LayerWindows = [.. Enumerable.Repeat(0L, problem.Dims.Layers)],
    }.Resolve();

    internal static Command CreateRank()
    {
        var (mode, rounds, rows, tokens) = (new Option<string>("--mode"), new Option<int>("--rounds"), new Option<int>("--rows"), new Option<int>("--tokens"));
        var (dims, dtype, recompute) = (new Option<string>("--dims"), new Option<string>("--dtype"), new Option<string>("--recompute"));
        return RankPlace.CommandOf(RankCommand, [mode, rounds, rows, tokens, dims, dtype, recompute], (place, result) =>
        {
            var problem = new TrainingProblem(
                JsonSerializer.Deserialize<ModelDims>(result.GetValue(dims)!)!, Enum.Parse<ElementType>(result.GetValue(dtype)!), RecomputePolicy.Named(result.GetValue(recompute)!),
                result.GetValue(rows), result.GetValue(tokens));
            using var device = NativeBackend.LoadCpu().Open(1);
            if (place.Ranks == 1)
            {
                RunAlone(device, problem, result.GetValue(rounds));
            }
            else if (result.GetValue(mode) == SharedModes.Replicas)
            {
                RunReplica(device, problem, place, result.GetValue(rounds));
            }
            else
            {
                RunRank(device, problem, Plan(result.GetValue(mode)!, place.Ranks, problem), place, result.GetValue(rounds));
            }
        });
    }

    private static void RunAlone(ComputeDevice device, TrainingProblem problem, int rounds)
    {
        using var whole = new ModelShare(device, problem, ModelShare.AllPositions(problem.Tokens), new LocalAttention(device), new SingleRank());
        Train(device, problem.Type, whole, rounds, () => 0);
    }

    private static void RunReplica(ComputeDevice device, TrainingProblem problem, RankPlace place, int rounds)
    {
        using var meeting = new RankMeeting(place);
        using var group = new CommunicatorGroup(device, meeting.All);
        using var row = new ModelShare(device, problem, ModelShare.AllPositions(problem.Tokens), new LocalAttention(device), group, onlyRow: place.Rank.Index);
        Train(device, problem.Type, row, rounds, () => meeting.All.Counters.SentBytes);
    }

    private static void RunRank(ComputeDevice device, TrainingProblem problem, SequenceParallelPlan plan, RankPlace place, int rounds)
    {
        using var meeting = new RankMeeting(place);
        using var attention = new PlannedAttention(device, plan, place.Rank, meeting.Links);
        using var group = new CommunicatorGroup(device, meeting.All);
        using var share = new ModelShare(device, problem, ModelShare.PositionsOf(plan, place.Rank), attention, group);
        Train(device, problem.Type, share, rounds, () => meeting.Sent.Bytes + meeting.All.Counters.SentBytes);
    }

    // The update ends with a sum over all ranks, so that steps of different ranks begin together.
    private static void Train(ComputeDevice device, ElementType type, ModelShare share, int rounds, Func<long> sent)
    {
        for (var round = -1; round < rounds; round++)
        {
            var (bytes, cpu, started) = (sent(), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
            var loss = share.Step(round + 1, 1e-4);
            var (ms, cpuMs) = (Stopwatch.GetElapsedTime(started).TotalMilliseconds, (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds);
            if (round >= 0)
            {
                Console.WriteLine(JsonSerializer.Serialize(new RankStep(round, ms, cpuMs, device.MeasurePeak(type, 0.2), sent() - bytes, loss)));
            }
        }
    }

    private static List<RankStep> SideBySide(RankProcesses processes, int count, TrainingProblem problem, int rounds)
    {
        // A thread each: a pool would start some of them late.
        var steps = Enumerable.Range(0, count).Select(_ => Task.Factory.StartNew(
            () => Measured(processes, "ring", 1, problem, rounds), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        return [.. steps.SelectMany(step => step.GetAwaiter().GetResult())];
    }

    /// <summary>What every rank measured in every round.</summary>
    /// <param name="mode">Data parallel: a row of the problem each; otherwise all share every row.</param>
    internal static List<RankStep> Measured(RankProcesses processes, string mode, int ranks, TrainingProblem problem, int rounds)
    {
        var steps = new List<RankStep>();
        string[] what = ["--dims", JsonSerializer.Serialize(problem.Dims), "--dtype", $"{problem.Type}", "--recompute", problem.Recompute.Name, "--rows", $"{problem.Rows}", "--tokens", $"{problem.Tokens}"];
        processes.Run(ranks, [RankCommand, "--mode", mode, "--rounds", $"{rounds}", .. what], (_, line) => steps.Add(JsonSerializer.Deserialize<RankStep>(line)!));
        return steps;
    }
}
