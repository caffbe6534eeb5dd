using System.Diagnostics;
using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Soak;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Cli.Partitions;

/// <summary>How many partitions a job goes through.</summary>
/// <param name="Ranks">Of the job.</param>
/// <param name="Spares">Members beyond them.</param>
/// <param name="Tokens">Of the sequence: how long an update takes.</param>
/// <param name="Count">Partitions.</param>
/// <param name="Seed">Of the partitions.</param>
/// <param name="First">Which of the seed's partitions to begin with.</param>
/// <param name="Within">Of a last healing: the next update must be committed by then.</param>
/// <param name="Engine">What seed and members meet in: embedded or akka.</param>
/// <param name="Record">A file for all that seed and members say; null for none.</param>
internal sealed record PartitionOrder(int Ranks, int Spares, int Tokens, int Count, int Seed, int First, TimeSpan Within, string Engine, string? Record)
{
    // Updates for each: some before it, some while it lasts where the others go on, some until all are there again.
    private const int UpdatesEach = 50;

    /// <summary>Of the job.</summary>
    internal int Updates => UpdatesEach * (Count + 1);
}

/// <summary>Trains the same job twice on a cluster over real networks: once undisturbed, once while they are partitioned. Both must end in the same bits.</summary>
internal sealed class PartitionRun(PartitionOrder order, Action<string> say, CancellationToken stop)
{
    private const int CheckpointEvery = 5; // where all processes are lost, so many updates at most are done again before the next one
    private const int RunAhead = 2; // of ranks and coordinator
    private const int Pause = 5; // updates from one partition to the next
    private const string Calm = "calm";
    private const string Stormy = "stormy";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestUpdate = TimeSpan.FromSeconds(1);

    private readonly List<PartitionRow> _rows = [];
    private readonly List<string> _found = [];
    private int _known;
    private int _seen;

    /// <exception cref="InvalidOperationException">No namespaces can be made here; one line.</exception>
    /// <exception cref="TimeoutException">The cluster did not go on, and not because of a partition.</exception>
    internal async Task<PartitionReport> RunAsync()
    {
        var members = order.Ranks + order.Spares;
        using var folder = new TemporaryFolder();
        using var networks = NetworkNamespaces.Create(members + 1);
        string[] names = ["seed", EngineTls.Console, .. Enumerable.Range(1, members).Select(PartitionCluster.NameOf)];
        CertificateMaker.Make(Path.Combine(folder.Path, "certificates"), names, [], days: 1, DateTimeOffset.UtcNow);
        await using var cluster = new PartitionCluster(folder.Path, networks, members, order.Engine, new PartitionJudge(RunAhead));
        await using var watch = new CommitWatch(cluster.State);
        await BenchCluster.UntilAsync(() => Task.FromResult(IsSettled(cluster, watch, out _)), "the members did not join");
        say(string.Create(CultureInfo.InvariantCulture, $"a seed and {members} members, a network each"));

        var calm = await SubmitAsync(cluster, folder.Path, Calm);
        await UntilOverAsync(watch, calm);
        say(string.Create(CultureInfo.InvariantCulture, $"{order.Updates} updates undisturbed"));
        try
        {
            var stormy = await SubmitAsync(cluster, folder.Path, Stormy);
            await watch.UntilAsync(0, record => IsCommit(record, stormy), "no update was committed", Patience, stop);
            await DisturbAsync(networks, cluster, watch, stormy);
            await UntilOverAsync(watch, stormy);
            Judge(cluster, watch, "at the end");
            if (RunResult.Difference(RunResult.Of(Path.Combine(folder.Path, Calm)), RunResult.Of(Path.Combine(folder.Path, Stormy))) is { } difference)
            {
                Note($"differs from the undisturbed run in {difference}", "at the end");
            }
        }
        catch (Exception failure) when (failure is TimeoutException or InvalidOperationException)
        {
            Note(failure.Message, "at the end");
        }

        if (order.Record is { } record)
        {
            await File.WriteAllLinesAsync(record, cluster.Lines, stop);
        }

        return new PartitionReport(
            order.Engine, order.Ranks, order.Spares, order.Seed, order.First, _rows.Count, order.Updates, BenchJson.Round(_rows.Select(row => row.ProgressMs).DefaultIfEmpty().Max(), 1),
            PartitionReport.Summed(_rows), _found.Count, _found);
    }

    private Task<JobId> SubmitAsync(PartitionCluster cluster, string folder, string name) =>
        cluster.SubmitAsync(SmallJob.Write(folder, name, order.Tokens, order.Updates, CheckpointEvery, export: true), order.Ranks, stop);

    private async Task DisturbAsync(NetworkNamespaces networks, PartitionCluster cluster, CommitWatch watch, JobId job)
    {
        var at = order.First;
        foreach (var partition in Partition.Series(order.Ranks, order.Spares, order.Seed).Skip(order.First).Take(order.Count))
        {
            var from = watch.CommitsOf(job).Count;
            if (from + Pause >= order.Updates)
            {
                Note($"the job was over before partition {at}", "at the end");
                return;
            }

            await watch.UntilAsync(0, record => (record is StepCommitted step && step.Job == job && step.StepsDone >= from + Pause) || IsOver(record, job), "no progress between two partitions", Patience, stop);
            await PartAsync(networks, cluster, watch, job, partition, at);
            at++;
        }
    }

    private async Task PartAsync(NetworkNamespaces networks, PartitionCluster cluster, CommitWatch watch, JobId job, Partition partition, int at)
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"{PartitionReport.Words(partition.Kind)} for {partition.Lasts.TotalMilliseconds:F0} ms, again: actorring bench partitions --engine {order.Engine} --seed {order.Seed} --first {at} --count 1");
        var (places, before) = (PlacesOf(watch.EpochOf(job)!), watch.Count);
        var started = Stopwatch.GetTimestamp();
        foreach (var step in partition.Steps)
        {
            var wait = step.At - Stopwatch.GetElapsedTime(started);
            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, stop);
            Carry(networks, step, places);
        }

        var healed = Stopwatch.GetTimestamp();
        var (lasted, count) = (Stopwatch.GetElapsedTime(started, healed), watch.Count);
        var progressed = await watch.UntilAsync(count, record => IsCommit(record, job) || IsOver(record, job), $"no update within a minute after {where}", Patience, stop);
        var progress = Stopwatch.GetElapsedTime(healed, progressed);
        if (progress > order.Within)
        {
            Note(string.Create(CultureInfo.InvariantCulture, $"the next update came {progress.TotalMilliseconds:F0} ms after healing"), where);
        }

        string? stray = null;
        while (!IsSettled(cluster, watch, out stray) && Stopwatch.GetElapsedTime(healed) < Patience)
        {
            await Task.Delay(10, stop);
        }

        if (stray is not null)
        {
            Note(stray, where);
        }

        Judge(cluster, watch, where);
        _rows.Add(new PartitionRow(partition.Kind, lasted.TotalMilliseconds, progress.TotalMilliseconds, watch.Since(before).Count(seen => seen.Record is EpochIssued)));
        say(string.Create(
            CultureInfo.InvariantCulture,
            $"{at,3}  {PartitionReport.Words(partition.Kind),-9} {lasted.TotalMilliseconds,5:F0} ms  {_rows[^1].Epochs} epochs  next update {progress.TotalMilliseconds,5:F0} ms after healing, all there after {Stopwatch.GetElapsedTime(healed).TotalMilliseconds,5:F0} ms"));
    }

    private static void Carry(NetworkNamespaces networks, PartitionStep step, int[] places)
    {
        if (step.Unplugged is { } role)
        {
            networks.Plug(places[role], isIn: !step.IsCut);
            return;
        }

        networks.Set(step.Links.Select(link => new NetworkLink(places[link.From], places[link.To])), step.IsCut);
    }

    // The place of each role: the seed, the ranks of the epoch, whoever is left.
    private int[] PlacesOf(EpochIssued epoch)
    {
        int[] all = [.. Enumerable.Range(1, order.Ranks + order.Spares)];
        int[] ranks = [.. epoch.Members.Select(member => all.Single(place => PartitionCluster.NameOf(place) == member.Name))];
        return [0, .. ranks, .. all.Except(ranks)];
    }

    // Whether all processes are there and none takes itself for what it is not any more.
    private bool IsSettled(PartitionCluster cluster, CommitWatch watch, out string? whyNot)
    {
        Feed(cluster, watch);
        whyNot = cluster.SeedEnd ?? cluster.Ask(judge => judge.Stray()) ?? (cluster.Missing() is [_, ..] missing ? $"{string.Join(" and ", missing)} did not come back" : null);
        return whyNot is null;
    }

    private void Feed(PartitionCluster cluster, CommitWatch watch)
    {
        var records = watch.Since(_seen);
        _seen += records.Count;
        cluster.Ask(judge =>
        {
            foreach (var seen in records)
            {
                judge.See(seen.Record);
            }

            return records.Count;
        });
    }

    private void Judge(PartitionCluster cluster, CommitWatch watch, string where)
    {
        Feed(cluster, watch);
        var flaws = cluster.Ask(judge =>
        {
            judge.Compare();
            return judge.Flaws.Skip(_known).ToList();
        });
        _known += flaws.Count;
        flaws.ForEach(flaw => Note(flaw, where));
    }

    private void Note(string flaw, string where)
    {
        _found.Add(string.Create(CultureInfo.InvariantCulture, $"seed {order.Seed}: {flaw}; {where}"));
        say(_found[^1]);
    }

    private Task<long> UntilOverAsync(CommitWatch watch, JobId job) =>
        watch.UntilAsync(0, record => IsOver(record, job), $"{job} was not completed", Patience + (order.Updates * LongestUpdate), stop);

    private static bool IsCommit(LogRecord record, JobId job) => record is StepCommitted step && step.Job == job;

    /// <exception cref="InvalidOperationException">It failed.</exception>
    private static bool IsOver(LogRecord record, JobId job) => record is JobStateChanged state && state.Job == job && (state.State is JobState.Failed or JobState.Cancelled
        ? throw new InvalidOperationException($"the job is {state.State.ToString().ToLowerInvariant()}: {state.Verdict}")
        : state.State == JobState.Completed);
}
