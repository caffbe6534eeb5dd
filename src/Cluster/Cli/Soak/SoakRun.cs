using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Commands;

namespace ActorRing.Cluster.Cli.Soak;

/// <summary>Trains a small job twice on a cluster of real processes: once undisturbed, once while its processes are killed. Both must end in the same bits.</summary>
internal sealed partial class SoakRun(SoakOptions options, Action<string> say, CancellationToken stop)
{
    private const int Tokens = 192;
    private const int CheckpointEvery = 10;
    private const string Calm = "calm";
    private const string Stormy = "stormy";
    private static readonly TimeSpan LongestUpdate = TimeSpan.FromMilliseconds(500);

    private readonly List<SoakRow> _rows = [];
    private int _kills;

    /// <exception cref="TimeoutException">The cluster did not go on within a minute; one line says after what.</exception>
    internal async Task<SoakReport> RunAsync()
    {
        using var folder = new TemporaryFolder();
        await using var cluster = await SoakCluster.StartAsync(folder.Path, options.Ranks + options.Spares, stop);
        var calm = await TrainAsync(cluster, folder.Path, Calm, _ => Task.CompletedTask);
        say(string.Create(CultureInfo.InvariantCulture, $"{options.Steps} updates undisturbed in {calm.TotalSeconds:F1} s"));
        var before = cluster.Lines.Count;
        var stormy = await TrainAsync(cluster, folder.Path, Stormy, job => DisturbAsync(cluster, job));

        var starts = cluster.Lines.Skip(before).Select(line => Start().Match(line)).Where(match => match.Success).Skip(1).ToList();
        var fromMemory = starts.Count(start => start.Groups["memory"].Success);
        return new SoakReport(
            options.Ranks, options.Spares, options.Seed, options.Steps, _kills, SoakReport.Summed(_rows), fromMemory, starts.Count - fromMemory,
            starts.Sum(start => start.Groups["again"] is { Success: true } again ? long.Parse(again.Value, CultureInfo.InvariantCulture) : 0),
            BenchJson.Round(calm.TotalSeconds, 1), BenchJson.Round(stormy.TotalSeconds, 1),
            RunResult.Difference(RunResult.Of(Path.Combine(folder.Path, Calm)), RunResult.Of(Path.Combine(folder.Path, Stormy))));
    }

    // What the coordinator says when it issues an epoch.
    [GeneratedRegex(@"ranks from update \d+(?<memory> in memory)?( in its TrainingCheckpoint)?(; (?<again>\d+) committed updates are done again)?")]
    private static partial Regex Start();

    private async Task<TimeSpan> TrainAsync(SoakCluster cluster, string folder, string name, Func<JobId, Task> meanwhile)
    {
        var file = SmallJob.Write(folder, name, Tokens, options.Steps, CheckpointEvery, export: true);
        var resolved = JobIntake.Resolve(file, ["--parallelism.ranks", options.Ranks.ToString(CultureInfo.InvariantCulture)], replacesModel: false);
        var job = await cluster.Link.SubmitAsync(resolved.ToSpec(), ConsoleLink.NewKey(), stop);
        await UntilAsync(cluster, job, status => status.StepsCommitted > 0, "no update was committed");
        var started = Stopwatch.GetTimestamp();
        await meanwhile(job);
        await UntilAsync(cluster, job, status => status.State == JobState.Completed, "the job was not completed", TimeSpan.FromMinutes(1) + (options.Steps * LongestUpdate));
        return Stopwatch.GetElapsedTime(started);
    }

    private async Task DisturbAsync(SoakCluster cluster, JobId job)
    {
        long next = options.Every;
        foreach (var trouble in SoakTrouble.Series(options.Ranks, options.Seed))
        {
            if (_kills >= options.Kills)
            {
                return;
            }

            await UntilAsync(cluster, job, status => status.StepsCommitted >= next || status.State == JobState.Completed, "no progress");
            var elapsed = await CauseAsync(cluster, job, trouble);
            _kills += trouble.Kills;
            _rows.Add(new SoakRow(trouble.Kind, elapsed.TotalMilliseconds));
            next = (await cluster.StatusAsync(job, stop)).StepsCommitted + options.Every;
            say(string.Create(CultureInfo.InvariantCulture, $"{_kills,4} kills  {SoakReport.Words(trouble.Kind),-14} rank {trouble.Rank}  next update after {elapsed.TotalMilliseconds,6:F0} ms"));
        }
    }

    // From the signal to the first update that is committed after all of it.
    private async Task<TimeSpan> CauseAsync(SoakCluster cluster, JobId job, SoakTrouble trouble)
    {
        var ring = await cluster.TrainingRingAsync(options.Ranks, stop);
        string Holder(int rank) => ring.Ranks[rank].Member.Name;
        var started = Stopwatch.GetTimestamp();
        switch (trouble.Kind)
        {
            case SoakKind.Rank:
                cluster.Kill(Holder(trouble.Rank));
                break;
            case SoakKind.Point or SoakKind.Checkpoint:
                await ChaosCommand.ArmAsync(cluster.Link, new ArmFault(
                    ConsoleLink.NewKey(), new GlobalRank(trouble.Rank), -1, trouble.Kind == SoakKind.Point ? trouble.Point : FaultPoint.Checkpoint, Fault.Kill, TimeSpan.Zero));
                started = await EndOfAsync(cluster, ring.Epoch);
                break;
            case SoakKind.Pair:
                cluster.Kill(Holder(trouble.Rank));
                cluster.Kill(Holder(trouble.Other));
                break;
            case SoakKind.Recovery:
                cluster.Kill(Holder(trouble.Rank));
                await EndOfAsync(cluster, ring.Epoch);
                cluster.Kill(Holder(trouble.Other));
                break;
            case SoakKind.Seed:
                await cluster.KillSeedAsync(stop);
                break;
            case SoakKind.SeedAndRank:
                cluster.Kill(Holder(trouble.Rank));
                await cluster.KillSeedAsync(stop);
                break;
        }

        var committed = (await cluster.StatusAsync(job, stop)).StepsCommitted;
        await UntilAsync(
            cluster, job, status => status.State == JobState.Completed || (status.StepsCommitted > committed && (trouble.Kind == SoakKind.Seed || status.Epoch != ring.Epoch)),
            $"no update after {SoakReport.Words(trouble.Kind)}");
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>When an epoch has ended, as the clock of this process has it.</summary>
    private async Task<long> EndOfAsync(SoakCluster cluster, RingEpoch epoch)
    {
        var seen = 0L;
        await BenchCluster.UntilAsync(
            async () =>
            {
                seen = Stopwatch.GetTimestamp();
                return (await cluster.RingAsync(stop)).Epoch != epoch;
            },
            $"epoch {epoch} did not end");
        return seen;
    }

    private Task UntilAsync(SoakCluster cluster, JobId job, Func<JobStatus, bool> isSo, string orElse, TimeSpan? patience = null) => BenchCluster.UntilAsync(
        async () =>
        {
            stop.ThrowIfCancellationRequested();
            var status = await cluster.StatusAsync(job, stop);
            return JobRecord.IsFinal(status.State) && status.State != JobState.Completed
                ? throw new InvalidOperationException($"the job is {status.State.ToString().ToLowerInvariant()}: {status.Verdict}")
                : isSo(status);
        },
        orElse, patience);
}

/// <summary>How much is done to whom.</summary>
/// <param name="Ranks">Of the job, at least 2.</param>
/// <param name="Spares">Members beyond them: they take a lost rank's place without a process being started.</param>
/// <param name="Kills">Processes to kill; a trouble that kills two may make it one more.</param>
/// <param name="Every">Updates from one recovery to the next trouble.</param>
/// <param name="Seed">Of the troubles.</param>
internal sealed record SoakOptions(int Ranks, int Spares, int Kills, int Every, int Seed)
{
    // Until the loss is noticed, until a fault's place is reached, and until the next question some updates go by.
    private const int Slack = 30;

    /// <summary>Updates of the job: it is not over before the last trouble.</summary>
    internal long Steps => (long)(Every + Slack) * (Kills + 1);
}
