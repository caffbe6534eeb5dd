using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>A cluster of real processes, as <c>up</c> starts one, that trains a small model until it is disposed of.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    // Updates: enough for all that happens to it.
    private const long LongJob = 1_000_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder;
    private readonly MemberProcess _up;
    private readonly ConsoleLink _link;
    private readonly JobId _job;

    private BenchCluster(TemporaryFolder folder, ClusterPlace place, MemberProcess up, ConsoleLink link, JobId job)
    {
        (_folder, Place, _up, _link, _job) = (folder, place, up, link, job);
    }

    internal ClusterPlace Place { get; }

    /// <summary>Process of the seed.</summary>
    internal int SeedId => _up.Id;

    /// <summary>Whether the seed's process runs.</summary>
    internal bool IsAlive => !_up.Exited.IsCompleted;

    /// <summary>Starts a cluster and its job; returns when the first update is committed.</summary>
    /// <param name="ranks">Of the job, a member process each.</param>
    /// <param name="tokens">Of the sequence.</param>
    /// <param name="checkpointEvery">Updates from one TrainingCheckpoint to the next.</param>
    /// <param name="spares">Members beyond the job's ranks.</param>
    /// <param name="engine">embedded or akka.</param>
    /// <exception cref="TimeoutException">They do not within a minute; one line says what is missing.</exception>
    internal static async Task<BenchCluster> StartAsync(int ranks, int tokens, int checkpointEvery, string engine, int spares = 0)
    {
        var folder = new TemporaryFolder();
        MemberProcess? up = null;
        ConsoleLink? link = null;
        try
        {
            var place = ClusterPlace.Of(Path.Combine(folder.Path, "state"), engine);
            var (program, host) = OwnProgram.Command;
            up = MemberProcess.Start(program, [.. host, "up", "--ranks", (ranks + spares).ToString(CultureInfo.InvariantCulture), "--state", place.Folder, "--engine", place.Engine]);
            await UntilAsync(() => Task.FromResult(place.HasListened), "the seed did not come up");
            link = await ConsoleLink.ConnectAsync(place, default);
            var file = SmallJob.Write(folder.Path, "bench", tokens, LongJob, checkpointEvery, export: false);
            var spec = JobIntake.Resolve(file, ["--parallelism.ranks", ranks.ToString(CultureInfo.InvariantCulture)], replacesModel: false).ToSpec();
            var cluster = new BenchCluster(folder, place, up, link, await link.SubmitAsync(spec, ConsoleLink.NewKey(), default));
            await UntilAsync(async () => (await cluster.RingAsync()).Phase == EpochPhase.Training && (await cluster.StatusAsync()).StepsCommitted > 0, "no ring was formed");
            return cluster;
        }
        catch
        {
            await EndAsync(folder, up, link);
            throw;
        }
    }

    internal Task<JobStatus> StatusAsync() => JobWatch.FindAsync(_link, _job, default);

    internal Task<RingAnswer> RingAsync() => JobWatch.RingAsync(_link, default);

    /// <summary>Members that can hold a rank.</summary>
    internal async Task<int> CountMembersAsync() =>
        (await _link.AskAsync<MembersAnswer>(new ObserverMachine(new QueryMembers(ConsoleLink.NewKey(), 0), ConsoleLink.RetryEvery, ConsoleLink.Patience), default))
            .Sum(page => page.Members.Count(member => member is { Role: MemberRole.Rank, State: MemberState.Up }));

    /// <summary>Seconds of each update in a range that has been committed, as the run's metrics have them.</summary>
    internal async Task<IReadOnlyList<double>> StepSecondsAsync(long after, long upTo)
    {
        var file = Path.Combine(_folder.Path, "bench", "metrics.jsonl");
        IReadOnlyList<(long Step, double Seconds)> rows = [];
        await UntilAsync(() => Task.FromResult((rows = Rows(file)).Count > 0 && rows[^1].Step >= upTo), "the metrics are behind");
        return [.. rows.Where(row => row.Step > after && row.Step <= upTo).Select(row => row.Seconds)];
    }

    /// <summary>Waits for an update of a ring that trains, and says where the job is then.</summary>
    internal async Task<JobStatus> ProgressAsync()
    {
        var first = await StatusAsync();
        await UntilAsync(async () => (await StatusAsync()).StepsCommitted > first.StepsCommitted && (await RingAsync()).Phase == EpochPhase.Training, "no progress");
        return await StatusAsync();
    }

    public async ValueTask DisposeAsync() => await EndAsync(_folder, _up, _link);

    private static async Task EndAsync(TemporaryFolder folder, MemberProcess? up, ConsoleLink? link)
    {
        if (link is not null)
        {
            await link.DisposeAsync();
        }

        if (up is not null)
        {
            await up.DrainAsync(TimeSpan.FromSeconds(20));
            await up.DisposeAsync();
        }

        folder.Dispose();
    }

    private static List<(long Step, double Seconds)> Rows(string file)
    {
        var rows = new List<(long, double)>();
        using var reader = new StreamReader(new FileStream(file, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } line)
        {
            if (line.EndsWith('}'))
            {
                using var row = JsonDocument.Parse(line);
                rows.Add((row.RootElement.GetProperty("step").GetInt64(), row.RootElement.GetProperty("seconds").GetDouble()));
            }
        }

        return rows;
    }

    /// <summary>Asks until something is so.</summary>
    /// <exception cref="TimeoutException">It is not within a minute, or another time.</exception>
    internal static async Task UntilAsync(Func<Task<bool>> isSo, string orElse, TimeSpan? patience = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await isSo())
        {
            if (Stopwatch.GetElapsedTime(started) > (patience ?? Patience))
            {
                throw new TimeoutException(orElse);
            }

            await Task.Delay(3);
        }
    }
}
