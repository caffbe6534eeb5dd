using System.Diagnostics;
using System.Text.Json;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Cli.Verify;
using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>One row of <c>bench ring</c>.</summary>
/// <param name="Mode">Spelling of the mode.</param>
/// <param name="Ranks">Processes of one thread.</param>
/// <param name="Tokens">Of the sequence.</param>
/// <param name="MsOneProcess">Forward and backward in one process with as many threads as there are cores, at most one a rank; median.</param>
/// <param name="MsRing">The same work by all ranks, until the last is done; median.</param>
/// <param name="Overhead">MsRing / MsOneProcess - 1.</param>
/// <param name="CpuOverhead">The same of processor time.</param>
/// <param name="OverlapFraction">Share of the ring's time in which ranks did not wait for a transfer, on average.</param>
/// <param name="Bytes">Sent by all ranks in one forward and backward.</param>
internal sealed record RingRow(
    string Mode, int Ranks, long Tokens, double MsOneProcess, double MsRing, double Overhead, double CpuOverhead, double OverlapFraction, long Bytes);

/// <summary>What one rank measured in one round.</summary>
internal sealed record RingRound(int Round, double Ms, double CpuMs, double WaitedMs, long Bytes);

/// <summary>Attention shared by several rank processes against the same attention in one process.</summary>
internal static class RingBench
{
    private const int HeadSize = 128;

    internal static RingRow Run(string mode, int ranks, long tokens, int heads, int kvHeads, int rounds)
    {
        var alone = new List<(double Ms, double CpuMs)>();
        alone.AddRange(Alone(ranks, tokens, heads, kvHeads, rounds));
        var together = new List<RingRound>();
        using (var processes = new RankProcesses())
        {
            processes.Run(
                ranks, [RankCommand, "--mode", mode, "--tokens", $"{tokens}", "--heads", $"{heads}", "--kv-heads", $"{kvHeads}", "--rounds", $"{rounds}"],
                (_, line) => together.Add(JsonSerializer.Deserialize<RingRound>(line)!));
        }

        alone.AddRange(Alone(ranks, tokens, heads, kvHeads, rounds));
        var byRound = together.GroupBy(round => round.Round).ToList();
        var (oneMs, oneCpuMs) = (Median(alone.Select(round => round.Ms)), Median(alone.Select(round => round.CpuMs)));
        var ringMs = Median(byRound.Select(round => round.Max(rank => rank.Ms)));
        var ringCpuMs = Median(byRound.Select(round => round.Sum(rank => rank.CpuMs)));
        return new RingRow(
            mode, ranks, tokens, BenchJson.Round(oneMs, 1), BenchJson.Round(ringMs, 1), BenchJson.Round((ringMs / oneMs) - 1, 4), BenchJson.Round((ringCpuMs / oneCpuMs) - 1, 4),
            BenchJson.Round(1 - together.Average(rank => rank.WaitedMs / rank.Ms), 4), byRound[0].Sum(rank => rank.Bytes));
    }

    /// <summary>The command of a rank process; not for people.</summary>
    internal const string RankCommand = "bench-ring-rank";

    internal static void RunRank(string folder, SequenceRank rank, int ranks, string mode, long tokens, int heads, int kvHeads, int rounds)
    {
        var options = new CommunicatorOptions { Secret = File.ReadAllBytes(Path.Combine(folder, RankProcesses.SecretFile)), Deadline = TimeSpan.FromMinutes(5) };
        var meeting = new FileRendezvous(Path.Combine(folder, "meeting"));
        var plan = Plan(mode, ranks, tokens, heads, kvHeads);
        using var device = NativeBackend.LoadCpu().Open(1);
        using var blocks = Communicator.Connect(options with { Name = "blocks" }, rank.Index, ranks, 1, meeting);
        using var results = Communicator.Connect(options with { Name = "results" }, rank.Index, ranks, 1, meeting);
        using var attention = new PlannedAttention(device, plan, rank, new SequenceLinks(blocks, results));
        using var memory = new ShardMemory(device, plan.SequenceLayout().Count(rank.Index), heads, kvHeads, HeadSize, 10 * rank.Index);
        for (var round = -1; round < rounds; round++)
        {
            blocks.Barrier(new HopLabel(HopChannel.Control)).Wait();
            var before = (blocks.Counters, results.Counters);
            var cpu = Environment.CpuUsage.TotalTime;
            var started = Stopwatch.GetTimestamp();
            Attend(device, attention, memory);
            blocks.Barrier(new HopLabel(HopChannel.Control)).Wait();
            var ms = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            var after = (blocks.Counters, results.Counters);
            var waited = after.Item1.Waited - before.Item1.Waited + after.Item2.Waited - before.Item2.Waited;
            var bytes = after.Item1.SentBytes - before.Item1.SentBytes + after.Item2.SentBytes - before.Item2.SentBytes;
            if (round >= 0)
            {
                Console.WriteLine(JsonSerializer.Serialize(new RingRound(round, ms, (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds, waited.TotalMilliseconds, bytes)));
            }
        }
    }

    private static List<(double Ms, double CpuMs)> Alone(int ranks, long tokens, int heads, int kvHeads, int rounds)
    {
        using var device = NativeBackend.LoadCpu().Open(Math.Min(ranks, Environment.ProcessorCount));
        using var memory = new ShardMemory(device, tokens, heads, kvHeads, HeadSize, 0);
        var attention = new LocalAttention(device);
        Attend(device, attention, memory);
        var times = new List<(double, double)>();
        for (var round = 0; round < rounds; round++)
        {
            var cpu = Environment.CpuUsage.TotalTime;
            var started = Stopwatch.GetTimestamp();
            Attend(device, attention, memory);
            times.Add((Stopwatch.GetElapsedTime(started).TotalMilliseconds, (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds));
        }

        return times;
    }

    private static void Attend(ComputeDevice device, IAttentionStrategy attention, ShardMemory memory)
    {
        var masks = new SequenceMasks(1);
        var layer = new AttentionLayer(0, 0);
        var scale = 1 / Math.Sqrt(HeadSize);
        attention.Forward(memory.Q, memory.K, memory.V, masks, layer, scale, memory.Out, memory.Lse);
        device.AttentionDelta(memory.Out, memory.Dout, memory.Delta);
        attention.Backward(memory.Q, memory.K, memory.V, memory.Dout, memory.Lse, memory.Delta, masks, layer, scale, memory.Dq, memory.Dk, memory.Dv);
    }

    /// <summary>The plan of a run; refuses what cannot be.</summary>
    internal static SequenceParallelPlan Plan(string mode, int ranks, long tokens, int heads, int kvHeads) => new PlanRequest
    {
        Mode = mode,
        Ranks = ranks,
        Tokens = tokens,
        QueryHeads = heads,
        KeyHeads = kvHeads,
        HeadSize = HeadSize,
        LayerWindows = [0],
    }.Resolve();

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
