using System.Diagnostics;
using System.Globalization;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Telemetry;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>A cluster whose seed is in this process, that trains a small model until it is disposed of: every row that its machine publishes is kept.</summary>
internal sealed class ObservedCluster : IAsyncDisposable
{
    private const long LongJob = 100_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();
    private readonly Lock _gate = new();
    private readonly List<TelemetryRow> _rows = [];
    private readonly SeedTelemetry _telemetry;
    private readonly SeedProcess _seed;
    private ConsoleLink? _link;

    private ObservedCluster(int ranks)
    {
        Place = new ClusterPlace(Path.Combine(_folder.Path, "state"));
        _telemetry = new SeedTelemetry(port: null) { Also = Keep, KeepsMembersQuiet = true, KeepsUpdatesQuiet = true };
        _seed = new SeedProcess(Place, ranks, _telemetry);
    }

    internal ClusterPlace Place { get; }

    /// <summary>Rows published so far.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _rows.Count;
            }
        }
    }

    /// <summary>Starts a cluster and its job; returns when the first update is committed.</summary>
    /// <param name="ranks">Of the job, a member process with one thread each.</param>
    /// <param name="tokens">Of the sequence.</param>
    /// <param name="granularity">How finely rotations wait for each other.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="TimeoutException">They do not within two minutes.</exception>
    internal static async Task<ObservedCluster> StartAsync(int ranks, int tokens, GrantGranularity granularity, CancellationToken stop)
    {
        var cluster = new ObservedCluster(ranks);
        try
        {
            await cluster._seed.StartAsync(stop);
            cluster._link = await ConsoleLink.ConnectAsync(cluster.Place, stop);
            var file = SmallJob.Write(cluster._folder.Path, "observed", tokens, LongJob, checkpointEvery: 10_000, export: false);
            var spec = JobIntake.Resolve(file, ["--parallelism.ranks", ranks.ToString(CultureInfo.InvariantCulture), "--parallelism.granularity", Words.Of(granularity)], replacesModel: false).ToSpec();
            await cluster._link.SubmitAsync(spec, ConsoleLink.NewKey(), stop);
            await cluster.UntilAsync(0, rows => rows.Any(row => row is StepRow), "the first update", stop);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>What was published, but for so many rows before: a copy.</summary>
    internal IReadOnlyList<TelemetryRow> Since(int count)
    {
        lock (_gate)
        {
            return _rows[count..];
        }
    }

    /// <summary>Waits until the rows behind so many others are as wanted.</summary>
    /// <exception cref="TimeoutException">They are not within two minutes, or another time; one line says what was waited for.</exception>
    internal async Task UntilAsync(int count, Func<IReadOnlyList<TelemetryRow>, bool> areSo, string what, CancellationToken stop, TimeSpan? patience = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (!areSo(Since(count)))
        {
            if (Stopwatch.GetElapsedTime(started) > (patience ?? Patience))
            {
                throw new TimeoutException($"{what}: not there after {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
            }

            await Task.Delay(10, stop);
        }
    }

    internal Task<RingAnswer> RingAsync(CancellationToken stop) => JobWatch.RingAsync(_link!, stop);

    public async ValueTask DisposeAsync()
    {
        if (_link is not null)
        {
            await _link.DisposeAsync();
        }

        await _seed.DisposeAsync();
        await _telemetry.DisposeAsync();
        _folder.Dispose();
    }

    private void Keep(TelemetryRow row)
    {
        lock (_gate)
        {
            _rows.Add(row);
        }
    }
}
