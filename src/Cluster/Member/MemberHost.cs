using ActorRing.Actors.Rank;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Ranks;
using ActorRing.Cluster.Member.Place;
using ActorRing.Cluster.Member.Work;

namespace ActorRing.Cluster.Member;

/// <summary>A member of a cluster in this process: joins, and holds a rank whenever a job needs one.</summary>
internal sealed class MemberHost : IAsyncDisposable
{
    private readonly RankHost _host;
    private readonly Action<string> _log;

    /// <summary>A member that waits for <see cref="StartAsync"/>.</summary>
    /// <param name="place">Which cluster.</param>
    /// <param name="settings">Who it is.</param>
    /// <param name="work">What it computes; owned.</param>
    /// <param name="log">Told in one line whenever something changes, from any thread; must not block.</param>
    /// <exception cref="UsageException">The name or the address is not allowed, or the folder holds no cluster.</exception>
    /// <exception cref="FileNotFoundException">A certificate is missing.</exception>
    internal MemberHost(ClusterPlace place, MemberSettings settings, IRankWork work, Action<string> log)
    {
        settings.Require(place.Named);
        _log = log;
        Self = new MemberRef(settings.Name, settings.Incarnation ?? MemberRef.NewIncarnation(TimeProvider.System));
        var engine = place.NewMember(settings.Name, Self, log, settings.SharesProcess);
        WarmUp.Run();
        _host = new RankHost(engine, new RankOptions { Fingerprint = ClusterPlace.Fingerprint, IsReserve = settings.IsReserve }, new JobPlanner(), work, TimeProvider.System, log);
    }

    internal MemberRef Self { get; }

    /// <summary>What its loop has cost so far; to be read when it has ended.</summary>
    internal ControlFigures Figures => _host.Figures;

    /// <summary>Ends when it has left, or the cluster or a failure wants it to end.</summary>
    internal Task<HostEnd> Ended => _host.Ended;

    /// <summary>Joins the cluster; returns when the seed has let it in.</summary>
    /// <exception cref="EngineRefusedException">The cluster does not want this process.</exception>
    internal async Task StartAsync(CancellationToken ct)
    {
        await _host.StartAsync(ct).ConfigureAwait(false);
        _log($"joined as {Self}");
    }

    /// <summary>Asks it to finish what is in hand and leave.</summary>
    internal void Drain() => _host.Drain();

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
