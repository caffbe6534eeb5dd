using System.Globalization;
using System.Security.Cryptography;
using ActorRing.Actors.Coordinator;
using ActorRing.Cluster.Cli.Telemetry;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Hosting.Seed;
using ActorRing.Cluster.Hosting.Store;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>The seed of a cluster in this process, with member processes of its own if it is asked for them.</summary>
internal sealed class SeedProcess : IAsyncDisposable
{
    // On Akka a member that lost the seed comes back as another node, which takes longer than a socket; what its failure detector and ends of processes say comes first.
    private static readonly TimeSpan AkkaGrace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AkkaLease = TimeSpan.FromSeconds(10);
    private readonly RecordLog _log;
    private readonly ClusterPlace _place;
    private readonly ISeedEngine _engine;
    private readonly SeedHost _host;
    private readonly SeedTelemetry _telemetry;
    private readonly string[] _children;

    /// <summary>Opens the cluster's store.</summary>
    /// <param name="place">Which cluster.</param>
    /// <param name="members">Member processes to start, and to start again when they are lost.</param>
    /// <param name="telemetry">Told what machines publish; borrowed.</param>
    /// <param name="rejoinWait">How long a job waits for lost members before it makes do, and for how long they must be there again before it takes them in; null for the usual time.</param>
    /// <exception cref="StoreHeldException">It has a seed already.</exception>
    internal SeedProcess(ClusterPlace place, int members, SeedTelemetry telemetry, TimeSpan? rejoinWait = null)
    {
        place.PrepareSeed();
        (_place, _telemetry) = (place, telemetry);
        _children = [.. Enumerable.Range(0, members).Select(rank => $"rank-{rank.ToString(CultureInfo.InvariantCulture)}")];
        foreach (var child in _children)
        {
            place.RequireCertificate(child); // a certificate that is missing is named before anything starts
        }

        _log = RecordLog.Open(place.Folder);
        try
        {
            var self = new MemberRef(Roles.Seed, MemberRef.NewIncarnation(TimeProvider.System));
            var options = new CoordinatorOptions { Self = Roles.ToId(self), StartsMembers = members > 0, SecretKey = [.. RandomNumberGenerator.GetBytes(32)] };
            options = place.IsAkka ? options with { SocketGrace = AkkaGrace, MemberLease = AkkaLease, AdoptLimit = AkkaLease } : options;
            options = rejoinWait is { } wait ? options with { RejoinWait = wait } : options;
            _engine = place.NewSeed(self);
            _host = new SeedHost(
                _engine, _log, options,
                new SeedParts
                {
                    Planner = new JobPlanner(),
                    Checkpoints = new CheckpointFolder(telemetry.CountCheckpoint),
                    StartMember = members > 0 ? (name, incarnation) => StartMember(name, incarnation, telemetry) : null,
                    Telemetry = telemetry.Take,
                    Seen = telemetry.SetMembers,
                    Log = ClusterLog.Write,
                });
        }
        catch
        {
            _log.Dispose();
            throw;
        }
    }

    /// <summary>What its loop has cost.</summary>
    internal ControlFigures Figures => _host.Figures;

    internal Task<HostEnd> Ended => _host.Ended;

    internal async Task StartAsync(CancellationToken ct)
    {
        await _host.StartAsync(_children, ct).ConfigureAwait(false);
        _place.NoteListening(_engine.Listening);

        _telemetry.Ask(_place);
    }

    internal void Drain() => _host.Drain();

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync().ConfigureAwait(false);
        _log.Dispose();
    }

    private MemberProcess StartMember(string name, long incarnation, SeedTelemetry telemetry)
    {
        var (program, host) = OwnProgram.Command;
        return MemberProcess.Start(
            program, [.. host, "member", "--state", _place.Folder, "--name", name, "--incarnation", incarnation.ToString(CultureInfo.InvariantCulture), .. _place.MemberArguments(_engine.Listening)],
            onErrorLine: line => telemetry.TakeLine(name, line));
    }
}
