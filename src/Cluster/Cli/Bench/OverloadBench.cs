using System.CommandLine;
using System.Globalization;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench overload</c> prints: a cluster that trains on a machine with far more to do than it can.</summary>
/// <param name="Seconds">How long.</param>
/// <param name="Ranks">Member processes.</param>
/// <param name="Overload">Busy processes for each core, beside those of the cluster.</param>
/// <param name="Updates">Committed in that time.</param>
/// <param name="FalseAlarms">Epochs that were given up, although nothing had failed.</param>
/// <param name="Epochs">All epochs of the job; 1 if it was never disturbed.</param>
/// <param name="Reasons">Of the false alarms, as the coordinator gave them; the last 16.</param>
internal sealed record OverloadRow(int Seconds, int Ranks, int Overload, long Updates, long FalseAlarms, long Epochs, IReadOnlyList<string> Reasons);

/// <summary>Whether a busy machine is taken for a broken one.</summary>
internal static class OverloadBench
{
    private const string BusyCommand = "bench-busy";

    /// <summary>Runs it.</summary>
    /// <param name="ranks">Member processes.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="overload">Busy processes for each core.</param>
    /// <param name="engine">embedded or akka.</param>
    internal static async Task<OverloadRow> RunAsync(int ranks, int seconds, int overload, string engine)
    {
        await using var cluster = await BenchCluster.StartAsync(ranks, tokens: 1024, checkpointEvery: 100, engine);
        var before = await cluster.StatusAsync();
        var busy = new List<MemberProcess>();
        try
        {
            busy.AddRange(Start(overload * Environment.ProcessorCount));
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            if (busy.Any(one => one.Exited.IsCompleted))
            {
                throw new InvalidOperationException("a busy process ended before its time");
            }

            var (after, ring) = (await cluster.StatusAsync(), await cluster.RingAsync());
            return new OverloadRow(
                seconds, ranks, overload, after.StepsCommitted - before.StepsCommitted, after.Losses - before.Losses, after.Epochs,
                [.. ring.Outcomes.Select(outcome => string.Create(CultureInfo.InvariantCulture, $"{Words.Of(outcome.Cause)}: {outcome.Reason}"))]);
        }
        finally
        {
            foreach (var one in busy)
            {
                await one.DisposeAsync();
            }
        }
    }

    /// <summary>Starts processes that keep one core busy each.</summary>
    internal static IReadOnlyList<MemberProcess> Start(int processes)
    {
        var (program, host) = OwnProgram.Command;
        return [.. Enumerable.Range(0, processes).Select(_ => MemberProcess.Start(program, [.. host, BusyCommand]))];
    }

    /// <summary>A process that keeps one core busy until whoever started it ends it or is gone; not for people.</summary>
    internal static Command CreateBusy()
    {
        var command = new Command(BusyCommand) { Hidden = true };
        command.SetAction(_ => Spin());
        return command;
    }

    private static void Spin()
    {
        while (true)
        {
            Thread.SpinWait(10_000);
        }
    }
}
