using System.Diagnostics;
using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Hosting.Processes;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench recovery</c> prints: times of a real cluster whose member processes are killed and stopped.</summary>
/// <param name="Ranks">Member processes.</param>
/// <param name="LaunchMs">From the start of <c>up</c> to the first update of all ranks under way; the process itself is built and warm on disk.</param>
/// <param name="Kills">SIGKILL of a rank, as often.</param>
/// <param name="KillSeenMsP50">From the signal to the end of the epoch, half of them.</param>
/// <param name="KillSeenMsMax">The longest.</param>
/// <param name="KillResumedMsP50">From the signal to the first update that is committed after it, half of them.</param>
/// <param name="KillResumedMsMax">The longest.</param>
/// <param name="Stops">SIGSTOP of a rank, as often.</param>
/// <param name="StopSeenMsP50">From the signal to the end of the epoch, half of them.</param>
/// <param name="StopSeenMsMax">The longest.</param>
/// <param name="OtherLosses">Epochs lost beside those: false alarms, or more than one for a signal.</param>
internal sealed record RecoveryRow(
    int Ranks, double LaunchMs, int Kills, double KillSeenMsP50, double KillSeenMsMax, double KillResumedMsP50, double KillResumedMsMax, int Stops, double StopSeenMsP50, double StopSeenMsMax,
    int OtherLosses);

/// <summary>How soon a real cluster notices the loss of a process, and goes on.</summary>
internal static class RecoveryBench
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    internal static async Task<RecoveryRow> RunAsync(int ranks, int kills, int stops)
    {
        using var folder = new TemporaryFolder();
        var job = WriteJob(folder.Path);
        var place = new ClusterPlace(Path.Combine(folder.Path, "state"));
        var (program, host) = OwnProgram.Command;
        var started = Stopwatch.GetTimestamp();
        await using var up = MemberProcess.Start(program, [.. host, "up", "--ranks", ranks.ToString(CultureInfo.InvariantCulture), "--state", place.Folder]);
        await UntilAsync(() => Task.FromResult(File.Exists(Path.Combine(place.Folder, "seed.sock"))), "the seed did not come up");
        await using var link = await ConsoleLink.ConnectAsync(place, default);
        var spec = JobIntake.Resolve(job, ["--parallelism.ranks", ranks.ToString(CultureInfo.InvariantCulture)], replacesModel: false).ToSpec();
        var id = (SubmitAnswer)await link.RunAsync(new SubmitterMachine(ConsoleLink.NewKey(), spec, ConsoleLink.RetryEvery, ConsoleLink.Patience), default);
        await UntilAsync(async () => (await RingAsync(link)).Phase == EpochPhase.Training, "no ring was formed");
        var launch = Stopwatch.GetElapsedTime(started);

        var (killed, resumed, stopped) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < kills + stops; round++)
        {
            var before = await ProgressAsync(link, id.Job);
            var victim = $"rank-{round % ranks}";
            var signalled = Stopwatch.GetTimestamp();
            Signal(place, victim, round < kills ? LocalSignal.Sigkill : LocalSignal.Sigstop);
            var seen = TimeSpan.Zero;
            await UntilAsync(
                async () =>
                {
                    var ring = await RingAsync(link);
                    seen = ring.Outcomes.Length > 0 && ring.Outcomes[^1].Epoch == before.Epoch ? Stopwatch.GetElapsedTime(signalled) - ring.Outcomes[^1].Ago : TimeSpan.Zero;
                    return seen > TimeSpan.Zero;
                },
                $"the loss of {victim} was not noticed");
            (round < kills ? killed : stopped).Add(seen.TotalMilliseconds);
            await UntilAsync(async () => await JobWatch.FindAsync(link, id.Job, default) is var now && now.Epoch != before.Epoch && now.StepsCommitted > before.StepsCommitted, "the job did not go on");
            if (round < kills)
            {
                resumed.Add(Stopwatch.GetElapsedTime(signalled).TotalMilliseconds);
            }
        }

        var end = await JobWatch.FindAsync(link, id.Job, default);
        await up.DrainAsync(TimeSpan.FromSeconds(10));
        return new RecoveryRow(
            ranks, BenchJson.Round(launch.TotalMilliseconds, 0), kills, Round(Measure.Median(killed)), Round(killed.Max()), Round(Measure.Median(resumed)), Round(resumed.Max()),
            stops, Round(Measure.Median(stopped)), Round(stopped.Max()), (int)(end.Losses - kills - stops));
    }

    // Long enough for all that happens to it.
    private static string WriteJob(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "text.txt"), string.Concat(Enumerable.Range(0, 3000).Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i * 7919L % 10007} "))));
        var job = Path.Combine(folder, "job.conf");
        File.WriteAllText(job, $$"""
            job { name = recovery, output = "{{folder}}/recovery" }
            model { tokenizer = bytes, config { hidden_size = 64, intermediate_size = 96, num_hidden_layers = 2, num_attention_heads = 2, vocab_size = 264 } }
            data.train = ["{{folder}}/text.txt"]
            compute.threads = 1
            checkpoint { export = false, interval = 2 }
            stages = [ { name = recovery, seq_len = 512, steps = 1000000 } ]
            """);
        return job;
    }

    private static async Task<JobStatus> ProgressAsync(ConsoleLink link, JobId job)
    {
        var first = await JobWatch.FindAsync(link, job, default);
        await UntilAsync(async () => (await JobWatch.FindAsync(link, job, default)).StepsCommitted > first.StepsCommitted && (await RingAsync(link)).Phase == EpochPhase.Training, "no progress");
        return await JobWatch.FindAsync(link, job, default);
    }

    private static async Task<RingAnswer> RingAsync(ConsoleLink link) =>
        (await link.AskAsync<RingAnswer>(new ObserverMachine(new QueryRing(ConsoleLink.NewKey(), 0), ConsoleLink.RetryEvery, ConsoleLink.Patience), default))[0];

    private static void Signal(ClusterPlace place, string member, int signal)
    {
        var id = Directory.GetDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .First(number => number > 0 && ArgumentsOf(number) is var line && line.Contains($"\0--state\0{place.Folder}\0--name\0{member}\0", StringComparison.Ordinal));
        LocalSignal.Send(id, signal);
    }

    // A process that ended meanwhile has no arguments any more.
    private static string ArgumentsOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo, string orElse)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await isSo())
        {
            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                throw new TimeoutException(orElse);
            }

            await Task.Delay(3);
        }
    }

    private static double Round(double milliseconds) => BenchJson.Round(milliseconds, 1);
}
