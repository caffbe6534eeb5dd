using System.CommandLine;
using System.Text.Json;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Cli.Commands;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Verify;

/// <summary>One rank process of <c>verify</c>: solves its part of every problem and compares it with what one process makes of it.</summary>
internal static class VerifyRank
{
    internal const string Name = "verify-rank";
    internal const string CasesName = "--cases";

    internal static Command Create()
    {
        var cases = new Option<int>(CasesName);
        return RankPlace.CommandOf(Name, [cases, VerifyCommand.Modes, VerifyCommand.Transport], (place, result) => Run(
            place, VerifyCommand.TransportOf(result.GetValue(VerifyCommand.Transport)!), SharedModes.Parse(result.GetValue(VerifyCommand.Modes)!), result.GetValue(cases)));
    }

    private static void Run(RankPlace place, TransportKind transport, IReadOnlyList<string> modes, int cases)
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var meeting = new RankMeeting(place, transport);
        foreach (var problem in VerifyCase.All.Take(cases))
        {
            var alone = new AttentionTrial(problem.Plan("data_parallel", 1), problem.Documents).Alone(device);
            foreach (var mode in modes)
            {
                Print(Solve(problem, mode, place, device, meeting, alone));
            }
        }

        var course = TrainingTrial.Alone(device);
        foreach (var mode in modes)
        {
            Print(Train(mode, place, device, meeting, course));
        }
    }

    private static VerifyRow Solve(VerifyCase problem, string mode, RankPlace place, ComputeDevice device, RankMeeting meeting, AttentionResults alone)
    {
        var plan = problem.Plan(mode, place.Ranks);
        long[] rows = [.. ModelShare.PositionsOf(plan, place.Rank)];
        var trial = new AttentionTrial(plan, problem.Documents);
        var before = meeting.Sent;
        using var attention = new PlannedAttention(device, plan, place.Rank, meeting.Links);
        var part = trial.Solve(device, attention, rows);
        var whole = alone.At(rows);
        return Row(plan, place, problem.Name, whole.OutError(part), whole.GradientError(part), before, meeting.Sent, trial.Planned(place.Rank), trial.PlannedArrivals(place.Rank));
    }

    private static VerifyRow Train(string mode, RankPlace place, ComputeDevice device, RankMeeting meeting, TrainingCourse alone)
    {
        var plan = TrainingTrial.Plan(mode, place.Ranks);
        var before = meeting.Sent;
        using var attention = new PlannedAttention(device, plan, place.Rank, meeting.Links);
        using var group = new CommunicatorGroup(device, meeting.All);
        var course = TrainingTrial.Together(device, plan, place.Rank, attention, group);
        var planned = TrainingTrial.Planned(plan, place.Rank);
        return Row(plan, place, $"{TrainingTrial.Steps} training steps", alone.LossError(course), alone.GradientError(course), before, meeting.Sent, planned.Sent, planned.Arrivals);
    }

    private static VerifyRow Row(
        SequenceParallelPlan plan, RankPlace place, string problem, double outError, double gradientError, (long Bytes, long Operations) before, (long Bytes, long Operations) after,
        Traffic planned, int arrivals) => new(
            plan.Mode.Spelling(), place.Ranks, plan.Layout.ToString().ToLowerInvariant(), problem, outError, gradientError,
            after.Bytes - before.Bytes, planned.Bytes, after.Operations - before.Operations - arrivals, planned.Hops);

    private static void Print(VerifyRow row) => Console.WriteLine(JsonSerializer.Serialize(row));
}
