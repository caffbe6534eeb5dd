using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Hosting.Web;
using ActorRing.Cluster.Member.Place;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Cli.Telemetry;

/// <summary>Asks the cluster, as every console does, and shows the answers on the page; only while a page is open.</summary>
/// <remarks>What the page shows is what <c>cluster show</c>, <c>jobs</c> and <c>ring</c> print. An answer that does not come is said on the page and asked for again.</remarks>
internal sealed class BoardFeed : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly LiveBoard _board;
    private readonly ClusterPlace _place;
    private readonly NewestNeedles _needles;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _asking;
    private ConsoleLink? _link;

    /// <summary>Begins.</summary>
    /// <param name="board">Borrowed.</param>
    /// <param name="place">Which cluster.</param>
    /// <param name="needleFolder">Where needle tests keep their cells, in it or in folders of it.</param>
    internal BoardFeed(LiveBoard board, ClusterPlace place, string needleFolder)
    {
        (_board, _place, _needles) = (board, place, new NewestNeedles(needleFolder));
        _asking = Task.Run(AskAllAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await LeaveAsync();
        _stop.Dispose();
    }

    private async Task AskAllAsync()
    {
        using var timer = new PeriodicTimer(Every);
        do
        {
            try
            {
                await (_board.Watchers > 0 ? AskAsync() : LeaveAsync());
            }
            catch (Exception fault) when (!_stop.IsCancellationRequested)
            {
                _board.ShowTrouble($"the coordinator does not answer: {fault.Message.ReplaceLineEndings(" ")}");
                await LeaveAsync();
            }
        }
        while (await timer.WaitForNextTickAsync(_stop.Token));
    }

    private async Task AskAsync()
    {
        _link ??= await ConsoleLink.ConnectAsync(_place, _stop.Token);
        _board.Show((await _link.AskAsync<JobsAnswer>(new ObserverMachine(new QueryJobs(ConsoleLink.NewKey(), 0), ConsoleLink.RetryEvery, Patience), _stop.Token))[0]);
        _board.Show(await _link.AskAsync<MembersAnswer>(new ObserverMachine(new QueryMembers(ConsoleLink.NewKey(), 0), ConsoleLink.RetryEvery, Patience), _stop.Token));
        _board.Show(await _link.AskAsync<RingAnswer>(new ObserverMachine(new QueryRing(ConsoleLink.NewKey(), 0), ConsoleLink.RetryEvery, Patience), _stop.Token));
        _board.ShowTrouble(null);
        if (_needles.ReadIfNew() is var (name, cells))
        {
            _board.Show(name, cells);
        }
    }

    private async Task LeaveAsync()
    {
        if (Interlocked.Exchange(ref _link, null) is { } link)
        {
            await link.DisposeAsync();
        }
    }
}
