using System.Diagnostics;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Member.Work;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench recovery</c> prints: times of a real cluster whose member processes are killed and stopped.</summary>
/// <param name="Engine">What they met in.</param>
/// <param name="Ranks">Member processes.</param>
/// <param name="Spares">Members beyond the ranks.</param>
/// <param name="LaunchMs">From the start of <c>up</c> to the first committed update; the process itself is built and warm on disk.</param>
/// <param name="Kills">SIGKILL of a rank, as often.</param>
/// <param name="KillSeenMsP50">From the signal to the end of the epoch, half of them.</param>
/// <param name="KillSeenMsMax">The longest.</param>
/// <param name="KillTrainsMsP50">From the signal until all ranks train again, half of them.</param>
/// <param name="KillTrainsMsMax">The longest.</param>
/// <param name="KillResumedMsP50">From the signal to the first update that is committed after it, half of them.</param>
/// <param name="KillResumedMsMax">The longest.</param>
/// <param name="Stops">SIGSTOP of a rank, as often.</param>
/// <param name="StopSeenMsP50">From the signal to the end of the epoch, half of them.</param>
/// <param name="StopSeenMsMax">The longest.</param>
/// <param name="OtherLosses">Epochs lost beside those: false alarms, or more than one for a signal.</param>
internal sealed record RecoveryRow(
    string Engine, int Ranks, int Spares, double LaunchMs, int Kills, double KillSeenMsP50, double KillSeenMsMax, double KillTrainsMsP50, double KillTrainsMsMax, double KillResumedMsP50,
    double KillResumedMsMax, int Stops, double StopSeenMsP50, double StopSeenMsMax, int OtherLosses);

/// <summary>How soon a real cluster notices the loss of a process, and goes on.</summary>
internal static class RecoveryBench
{
    internal static async Task<RecoveryRow> RunAsync(int ranks, int spares, int kills, int stops, string engine)
    {
        var started = Stopwatch.GetTimestamp();
        await using var cluster = await BenchCluster.StartAsync(ranks, tokens: 512, checkpointEvery: 2, engine, spares);
        var launch = Stopwatch.GetElapsedTime(started);

        var (killed, trains, resumed, stopped) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < kills + stops; round++)
        {
            await BenchCluster.UntilAsync(async () => await cluster.CountMembersAsync() >= ranks + spares, "the spares did not come back");
            var before = await cluster.ProgressAsync();
            var victim = (await cluster.RingAsync()).Ranks[round % ranks].Member.Name;
            var signalled = Stopwatch.GetTimestamp();
            LocalSignal.Send(MemberIds.Of(cluster.Place, victim), round < kills ? LocalSignal.Sigkill : LocalSignal.Sigstop);
            var seen = TimeSpan.Zero;
            await BenchCluster.UntilAsync(
                async () =>
                {
                    var ring = await cluster.RingAsync();
                    seen = ring.Outcomes.Length > 0 && ring.Outcomes[^1].Epoch == before.Epoch ? Stopwatch.GetElapsedTime(signalled) - ring.Outcomes[^1].Ago : TimeSpan.Zero;
                    return seen > TimeSpan.Zero;
                },
                $"the loss of {victim} was not noticed");
            (round < kills ? killed : stopped).Add(seen.TotalMilliseconds);
            await BenchCluster.UntilAsync(async () => await cluster.RingAsync() is var ring && ring.Epoch != before.Epoch && ring.Phase == EpochPhase.Training, "the ring was not formed again");
            var running = Stopwatch.GetElapsedTime(signalled);
            await BenchCluster.UntilAsync(async () => await cluster.StatusAsync() is var now && now.Epoch != before.Epoch && now.StepsCommitted > before.StepsCommitted, "the job did not go on");
            if (round < kills)
            {
                trains.Add(running.TotalMilliseconds);
                resumed.Add(Stopwatch.GetElapsedTime(signalled).TotalMilliseconds);
            }
        }

        var end = await cluster.StatusAsync();
        return new RecoveryRow(
            engine, ranks, spares, BenchJson.Round(launch.TotalMilliseconds, 0), kills, Round(Measure.Median(killed)), Round(killed.Max()), Round(Measure.Median(trains)), Round(trains.Max()),
            Round(Measure.Median(resumed)), Round(resumed.Max()), stops, Round(Measure.Median(stopped)), Round(stopped.Max()), (int)(end.Losses - kills - stops));
    }

    private static double Round(double milliseconds) => BenchJson.Round(milliseconds, 1);
}
