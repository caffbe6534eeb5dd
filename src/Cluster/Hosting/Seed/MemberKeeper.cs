using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Processes;

namespace ActorRing.Cluster.Hosting.Seed;

/// <summary>Starts member processes, sees their ends, and makes sure of the end of those that were given up.</summary>
/// <remarks>
/// Children are killed and reaped. Another process of this machine is killed by the id that the kernel named when it connected. One that cannot be reached is
/// evicted: with its epoch over, its communicators have no peers, its shards no manifest and its messages no listener. From the host's loop only, but for the ends.
/// </remarks>
internal sealed class MemberKeeper(ISeedEngine engine, Func<string, long, MemberProcess>? start, TimeProvider time, Action<MachineEvent> post) : IAsyncDisposable
{
    private static readonly TimeSpan LastMoments = TimeSpan.FromMilliseconds(200);

    private readonly SortedDictionary<string, Child> _children = new(StringComparer.Ordinal);
    private readonly HashSet<MemberId> _fencing = [];

    /// <summary>Starts a process under a name, or says that there is one.</summary>
    internal void Start(string name)
    {
        if (_children.TryGetValue(name, out var running) && !running.Process.Exited.IsCompleted)
        {
            post(new MemberStarted(running.Member));
            return;
        }

        if (start is null)
        {
            return;
        }

        var member = new MemberId(name, MemberRef.NewIncarnation(time));
        var child = new Child(member, start(name, member.Incarnation));
        _children[name] = child;
        post(new MemberStarted(member));
        _ = SeeEndAsync(child);
    }

    /// <summary>Makes sure that an incarnation can do nothing any more, and says so. Asking again while it is under way changes nothing.</summary>
    internal void Fence(MemberId member, string reason)
    {
        if (_fencing.Add(member))
        {
            engine.Evict(Roles.ToRef(member), reason);
            if (_children.TryGetValue(member.Name, out var child) && child.Member == member)
            {
                child.Process.Signal(9); // its end is seen
            }
            else
            {
                _ = KillAsync(member, LocalProcess.Find(engine.ProcessOf(Roles.ToRef(member))));
            }
        }
    }

    /// <summary>A connection ended: if that was the end of the process, it is known at once.</summary>
    /// <param name="member">Whose.</param>
    /// <param name="saidGoodBye">It does so when nothing of it runs any more. Its process may have other things to do, unless it is a child: that is started again when it has ended.</param>
    internal void SeeDisconnected(MemberId member, bool saidGoodBye)
    {
        post(new MemberDisconnected(member));
        if (_children.TryGetValue(member.Name, out var child) && child.Member == member)
        {
            return;
        }

        if (saidGoodBye)
        {
            post(new MemberGone(member, "it has left"));
        }
        else if (engine.ProcessOf(Roles.ToRef(member)) is { } process)
        {
            _ = SeeEndAsync(member, process);
        }
    }

    /// <summary>Asks all children to leave, kills who does not.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_children.Values.Select(child => child.Process.DrainAsync(TimeSpan.FromSeconds(5)))).ConfigureAwait(false);
        foreach (var child in _children.Values)
        {
            // What it said at the end is worth a moment; a grandchild that keeps the pipe open is not worth more.
            await child.Process.ErrorsEnded.WaitAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await child.Process.DisposeAsync().ConfigureAwait(false);
        }
    }

    // A process that dies closes its connections a moment before it is dead. One that only lost its connection lives on.
    private async Task SeeEndAsync(MemberId member, ProcessRef process)
    {
        var local = LocalProcess.Find(process);
        if (local is null || await local.EndsWithinAsync(LastMoments).ConfigureAwait(false))
        {
            post(new MemberGone(member, "its process has ended"));
        }
    }

    private async Task SeeEndAsync(Child child)
    {
        var exit = await child.Process.Exited.ConfigureAwait(false);
        post(new MemberGone(child.Member, exit.LastLines is [.., var last] ? $"{exit.Describe()}: {last}" : exit.Describe()));
    }

    private async Task KillAsync(MemberId member, LocalProcess? process)
    {
        if (process is not null)
        {
            await process.KillAsync().ConfigureAwait(false);
        }

        post(new MemberGone(member, process is null ? "evicted" : "killed"));
    }

    private sealed record Child(MemberId Member, MemberProcess Process);
}
