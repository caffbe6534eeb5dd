using System.Collections.Concurrent;
using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Soak;

/// <summary>A seed and members, each a process of its own that is started again as soon as it is gone.</summary>
internal sealed class SoakCluster : IAsyncDisposable
{
    private const string Seed = "seed";
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    private readonly ClusterPlace _place;
    private readonly ConcurrentDictionary<string, MemberProcess> _processes = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _lines;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _keeper;
    private ConsoleLink _link;

    private SoakCluster(ClusterPlace place, ConsoleLink link, ConcurrentDictionary<string, MemberProcess> processes, ConcurrentQueue<string> lines)
    {
        (_place, _link, _processes, _lines) = (place, link, processes, lines);
        _keeper = Task.Run(KeepAsync);
    }

    /// <summary>Process ids, by name.</summary>
    internal IReadOnlyList<int> ProcessIds => [.. _processes.Values.Select(process => process.Id)];

    /// <summary>What the seeds said, and behind their names what members did, oldest first.</summary>
    internal IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>How many these are: cheap.</summary>
    internal int LineCount => _lines.Count;

    internal ClusterPlace Place => _place;

    /// <summary>The console; another one after the seed was lost.</summary>
    internal ConsoleLink Link => _link;

    internal static async Task<SoakCluster> StartAsync(string folder, int members, CancellationToken stop)
    {
        var place = new ClusterPlace(Path.Combine(folder, "state"));
        var (processes, lines) = (new ConcurrentDictionary<string, MemberProcess>(StringComparer.Ordinal), new ConcurrentQueue<string>());
        try
        {
            Start(place, Seed, processes, lines);
            var link = await ConnectAsync(place, stop);
            for (var member = 0; member < members; member++)
            {
                Start(place, string.Create(CultureInfo.InvariantCulture, $"rank-{member}"), processes, lines);
            }

            return new SoakCluster(place, link, processes, lines);
        }
        catch
        {
            await EndAllAsync(processes);
            throw;
        }
    }

    /// <summary>Files and folders that the processes have left where temporary ones go.</summary>
    internal int TemporaryFiles => Directory.GetFileSystemEntries(TemporaryFolderOf(_place), "*", SearchOption.AllDirectories).Length;

    internal Task<JobStatus> StatusAsync(JobId job, CancellationToken stop) => JobWatch.FindAsync(_link, job, stop);

    internal Task<RingAnswer> RingAsync(CancellationToken stop) => JobWatch.RingAsync(_link, stop);

    /// <summary>Waits until so many ranks train.</summary>
    /// <exception cref="TimeoutException">They do not within a minute.</exception>
    internal async Task<RingAnswer> TrainingRingAsync(int ranks, CancellationToken stop)
    {
        RingAnswer? ring = null;
        await Bench.BenchCluster.UntilAsync(async () => (ring = await RingAsync(stop)) is { Phase: EpochPhase.Training } && ring.Ranks.Length == ranks, "no ring was formed");
        return ring!;
    }

    /// <summary>SIGKILL.</summary>
    internal void Kill(string name) => _processes[name].Signal(9);

    /// <summary>SIGKILL for the seed; returns when the next one can be asked.</summary>
    internal async Task KillSeedAsync(CancellationToken stop)
    {
        var old = _processes[Seed];
        await _link.DisposeAsync();
        await old.KillAsync(stop);
        while (ReferenceEquals(_processes[Seed], old))
        {
            await Task.Delay(LookEvery, stop);
        }

        _link = await ConnectAsync(_place, stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _keeper;
        _stop.Dispose();
        await _link.DisposeAsync();
        await EndAllAsync(_processes);
    }

    private static async Task<ConsoleLink> ConnectAsync(ClusterPlace place, CancellationToken stop)
    {
        await Bench.BenchCluster.UntilAsync(() => Task.FromResult(File.Exists(Path.Combine(place.Folder, "seed.sock"))), "the seed did not come up");
        return await ConsoleLink.ConnectAsync(place, stop);
    }

    private static void Start(ClusterPlace place, string name, ConcurrentDictionary<string, MemberProcess> processes, ConcurrentQueue<string> lines)
    {
        var (program, host) = OwnProgram.Command;
        var temporary = Directory.CreateDirectory(TemporaryFolderOf(place)).FullName;
        var environment = new Dictionary<string, string> { ["TMPDIR"] = temporary };
        processes[name] = name == Seed
            ? MemberProcess.Start(program, [.. host, "seed", "--state", place.Folder], environment, onErrorLine: lines.Enqueue, onOutputLine: lines.Enqueue)
            : MemberProcess.Start(program, [.. host, "member", "--name", name, "--state", place.Folder], environment, onErrorLine: line => lines.Enqueue($"[{name}] {line}"));
    }

    private static string TemporaryFolderOf(ClusterPlace place) => Path.Combine(Path.GetDirectoryName(place.Folder)!, "tmp");

    private static async Task EndAllAsync(ConcurrentDictionary<string, MemberProcess> processes)
    {
        foreach (var process in processes.OrderBy(process => process.Key == Seed).Select(process => process.Value))
        {
            process.Signal(15);
        }

        foreach (var process in processes.Values)
        {
            await process.DrainAsync(Grace);
            await process.DisposeAsync();
        }
    }

    private async Task KeepAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var (name, process) in _processes.Where(process => process.Value.Exited.IsCompleted).ToList())
            {
                await process.DisposeAsync();
                Start(_place, name, _processes, _lines);
            }

            await Task.Delay(LookEvery, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
