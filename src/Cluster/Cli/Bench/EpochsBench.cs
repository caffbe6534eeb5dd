using System.Diagnostics;
using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Commands;
using ActorRing.Cluster.Cli.Soak;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench epochs</c> prints: what many changes of epoch leave behind in processes that live through all of them.</summary>
/// <param name="Ranks">Of the job, a process with one thread each.</param>
/// <param name="Epochs">Changes, each because a rank's communicators broke.</param>
/// <param name="ChangeMsP50">From one to the next update that is committed, half of them.</param>
/// <param name="Descriptors">More open files in all processes at the end than after the first changes.</param>
/// <param name="Threads">More threads.</param>
/// <param name="TemporaryFiles">More files and folders where temporary ones go.</param>
/// <param name="ResidentGrowth">More resident memory, as a share.</param>
internal sealed record EpochsRow(int Ranks, int Epochs, double ChangeMsP50, int Descriptors, int Threads, int TemporaryFiles, double ResidentGrowth);

/// <summary>Breaks a ring again and again.</summary>
internal static class EpochsBench
{
    internal static async Task<EpochsRow> RunAsync(int ranks, int epochs, CancellationToken stop)
    {
        using var folder = new TemporaryFolder();
        await using var cluster = await SoakCluster.StartAsync(folder.Path, ranks, stop);
        var file = SmallJob.Write(folder.Path, "epochs", tokens: 192, steps: 1_000_000, checkpointEvery: 10, export: false);
        var spec = JobIntake.Resolve(file, ["--parallelism.ranks", ranks.ToString(CultureInfo.InvariantCulture)], replacesModel: false).ToSpec();
        var job = await cluster.Link.SubmitAsync(spec, ConsoleLink.NewKey(), stop);
        await BenchCluster.UntilAsync(async () => (await cluster.StatusAsync(job, stop)).StepsCommitted > 0, "no update was committed");

        // Until everything has happened that happens once, and the runtime has compiled what is used often.
        for (var warm = 0; warm < WarmUpOf(epochs); warm++)
        {
            await ChangeAsync(cluster, job, warm % ranks, stop);
        }

        var before = await WhileTrainingAsync(cluster, stop);
        var times = new List<double>();
        for (var change = 0; change < epochs; change++)
        {
            times.Add(await ChangeAsync(cluster, job, change % ranks, stop));
        }

        var after = await WhileTrainingAsync(cluster, stop);
        return new EpochsRow(
            ranks, epochs, BenchJson.Round(Measure.Median([.. times]), 1), after.Descriptors - before.Descriptors, after.Threads - before.Threads,
            after.TemporaryFiles - before.TemporaryFiles, BenchJson.Round(((double)after.ResidentBytes / before.ResidentBytes) - 1, 3));
    }

    private static int WarmUpOf(int epochs) => 20 + (epochs / 4);

    // Between two epochs a process has some dozen files less: looked at a few times, one of them is in an epoch.
    private static async Task<Possessions> WhileTrainingAsync(SoakCluster cluster, CancellationToken stop)
    {
        List<Possessions> found = [];
        for (var look = 0; look < 5; look++)
        {
            found.Add(Possessions.Of(cluster));
            await Task.Delay(100, stop);
        }

        return found.MaxBy(each => each.Descriptors)!;
    }

    private static async Task<double> ChangeAsync(SoakCluster cluster, JobId job, int rank, CancellationToken stop)
    {
        var before = await cluster.StatusAsync(job, stop);
        var started = Stopwatch.GetTimestamp();
        await ChaosCommand.ArmAsync(cluster.Link, new ArmFault(ConsoleLink.NewKey(), new GlobalRank(rank), -1, FaultPoint.Attention, Fault.Cut, TimeSpan.Zero));
        await BenchCluster.UntilAsync(
            async () =>
            {
                stop.ThrowIfCancellationRequested();
                var now = await cluster.StatusAsync(job, stop);
                return now.State == JobState.Running ? now.Epoch != before.Epoch && now.StepsCommitted > before.StepsCommitted : throw new InvalidOperationException($"the job is {now.State}: {now.Verdict}");
            },
            "the job did not go on");
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private sealed record Possessions(int Descriptors, int Threads, int TemporaryFiles, long ResidentBytes)
    {
        internal static Possessions Of(SoakCluster cluster)
        {
            var processes = cluster.ProcessIds;
            return new Possessions(
                processes.Sum(process => Count(process, "fd")), processes.Sum(process => Count(process, "task")), cluster.TemporaryFiles, processes.Sum(ProcessMemory.ResidentBytesOf));
        }

        private static int Count(int process, string what) => Directory.GetFileSystemEntries(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/{what}")).Length;
    }
}
