using System.Text.Json;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Verify;

/// <summary>One rank process of <c>verify</c>: solves its part of every problem and compares it with what one process makes of it.</summary>
internal static class VerifyRank
{
    internal static void Run(string folder, int rank, int ranks, TransportKind transport, IReadOnlyList<string> modes, int cases)
    {
        var options = new CommunicatorOptions { Transport = transport, Secret = File.ReadAllBytes(Path.Combine(folder, RankProcesses.SecretFile)) };
        var meeting = new FileRendezvous(Path.Combine(folder, "meeting"));
        using var device = NativeBackend.LoadCpu().Open(1);
        using var blocks = Communicator.Connect(options with { Name = "blocks" }, rank, ranks, 1, meeting);
        using var results = Communicator.Connect(options with { Name = "results" }, rank, ranks, 1, meeting);
        using var all = Communicator.Connect(options with { Name = "all" }, rank, ranks, 1, meeting);
        foreach (var problem in VerifyCase.All.Take(cases))
        {
            var alone = new AttentionTrial(problem.Plan("data_parallel", 1), problem.Documents).Alone(device);
            foreach (var mode in modes)
            {
                Print(Solve(problem, mode, new SequenceRank(rank), ranks, device, new SequenceLinks(blocks, results), alone));
            }
        }

        var course = TrainingTrial.Alone(device);
        foreach (var mode in modes)
        {
            Print(TrainingTrial.Together(mode, new SequenceRank(rank), ranks, device, new SequenceLinks(blocks, results), all, course));
        }
    }

    private static VerifyRow Solve(VerifyCase problem, string mode, SequenceRank rank, int ranks, ComputeDevice device, SequenceLinks links, AttentionResults alone)
    {
        var plan = problem.Plan(mode, ranks);
        var layout = plan.SequenceLayout();
        var rows = Enumerable.Range(0, (int)layout.Count(rank.Index)).Select(row => layout.PositionOf(rank.Index, row)).ToArray();
        var trial = new AttentionTrial(plan, problem.Documents);
        var before = Sent(links);
        using var attention = new PlannedAttention(device, plan, rank, links);
        var part = trial.Solve(device, attention, rows);
        var sent = Sent(links);
        var whole = alone.At(rows);
        var planned = trial.Planned(rank);
        var received = trial.PlannedArrivals(rank);
        return new VerifyRow(
            mode, ranks, plan.Layout.ToString().ToLowerInvariant(), problem.Name, whole.OutError(part), whole.GradientError(part),
            sent.Bytes - before.Bytes, planned.Bytes, sent.Operations - before.Operations - received, planned.Hops);
    }

    internal static (long Bytes, long Operations) Sent(SequenceLinks links)
    {
        var (blocks, results) = (links.Blocks.Counters, links.Results.Counters);
        return (blocks.SentBytes + results.SentBytes, blocks.Operations + results.Operations);
    }

    private static void Print(VerifyRow row) => Console.WriteLine(JsonSerializer.Serialize(row));
}
