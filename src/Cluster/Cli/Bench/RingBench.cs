using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Cli.Ranks;
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

    internal static RingRow Run(RankProcesses processes, string mode, int ranks, long tokens, int heads, int kvHeads, int rounds)
    {
        var alone = new List<(double Ms, double CpuMs)>();
        alone.AddRange(Alone(ranks, tokens, heads, kvHeads, rounds));
        var together = new List<RingRound>();
        processes.Run(
            ranks, [RankCommand, "--mode", mode, "--tokens", $"{tokens}", "--heads", $"{heads}", "--kv-heads", $"{kvHeads}", "--rounds", $"{rounds}"],
            (_, line) => together.Add(JsonSerializer.Deserialize<RingRound>(line)!));
        alone.AddRange(Alone(ranks, tokens, heads, kvHeads, rounds));
        var byRound = together.GroupBy(round => round.Round).ToList();
        var (oneMs, oneCpuMs) = (Measure.Median(alone.Select(round => round.Ms)), Measure.Median(alone.Select(round => round.CpuMs)));
        var ringMs = Measure.Median(byRound.Select(round => round.Max(rank => rank.Ms)));
        var ringCpuMs = Measure.Median(byRound.Select(round => round.Sum(rank => rank.CpuMs)));
        return new RingRow(
            mode, ranks, tokens, BenchJson.Round(oneMs, 1), BenchJson.Round(ringMs, 1), BenchJson.Round((ringMs / oneMs) - 1, 4), BenchJson.Round((ringCpuMs / oneCpuMs) - 1, 4),
            BenchJson.Round(1 - together.Average(rank => rank.WaitedMs / rank.Ms), 4), byRound[0].Sum(rank => rank.Bytes));
    }

    private const string RankCommand = "bench-ring-rank";

    internal static Command CreateRank()
    {
        var (mode, rounds) = (new Option<string>("--mode"), new Option<int>("--rounds"));
        var (tokens, heads, kvHeads) = (new Option<long>("--tokens"), new Option<int>("--heads"), new Option<int>("--kv-heads"));
        return RankPlace.CommandOf(RankCommand, [mode, tokens, heads, kvHeads, rounds], (place, result) => RunRank(
            place, Plan(result.GetValue(mode)!, place.Ranks, result.GetValue(tokens), result.GetValue(heads), result.GetValue(kvHeads)), result.GetValue(rounds)));
    }

    private static void RunRank(RankPlace place, SequenceParallelPlan plan, int rounds)
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var meeting = new RankMeeting(place);
        var (blocks, results) = (meeting.Links.Blocks, meeting.Links.Results);
        using var attention = new PlannedAttention(device, plan, place.Rank, meeting.Links);
        using var memory = new ShardMemory(device, plan.SequenceLayout().Count(place.Rank.Index), plan.QueryHeads, plan.KeyHeads, HeadSize, 10 * place.Rank.Index);
        for (var round = -1; round < rounds; round++)
        {
            blocks.Barrier(new HopLabel(HopChannel.Control)).Wait();
            var (sent, waited) = (meeting.Sent.Bytes, blocks.Counters.Waited + results.Counters.Waited);
            var cpu = Environment.CpuUsage.TotalTime;
            var started = Stopwatch.GetTimestamp();
            Attend(device, attention, memory);
            blocks.Barrier(new HopLabel(HopChannel.Control)).Wait();
            var ms = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            waited = blocks.Counters.Waited + results.Counters.Waited - waited;
            if (round >= 0)
            {
                Console.WriteLine(JsonSerializer.Serialize(new RingRound(round, ms, (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds, waited.TotalMilliseconds, meeting.Sent.Bytes - sent)));
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
}
