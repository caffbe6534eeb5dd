using System.Threading.Channels;

namespace ActorRing.Cluster.Hosting.Machines;

/// <summary>
/// Steps one machine from one loop. Engines, timers, processes and disks only enqueue; so nothing of theirs (order, threads, re-entrancy) reaches the machine.
/// </summary>
/// <remarks>
/// Order within the loop: what the machine asked for itself (results, failures), then due wake-ups, then one event from outside. The inbox is bounded and drops
/// the newest: a machine that assumes lossy messages needs no more. <see cref="StepPending"/> runs the same loop by hand, for tests with a clock of their own.
/// </remarks>
public sealed class MachineHost<TEvent> : IMachineHost<TEvent>, IAsyncDisposable
    where TEvent : notnull
{
    private readonly IMachine<TEvent> _machine;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Channel<TEvent> _inbox;
    private readonly Channel<TEvent> _own = Channel.CreateUnbounded<TEvent>(new UnboundedChannelOptions { SingleReader = true });
    private readonly WakeUps<TEvent> _wakeUps = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly ITimer _timer;
    private long _dropped;
    private int _signalled;
    private Task _loop = Task.CompletedTask;
    private bool _started;

    /// <summary>A host that waits for <see cref="Start"/> or <see cref="StepPending"/>.</summary>
    /// <param name="machine">Stepped by this host alone.</param>
    /// <param name="time">Its timestamps drive wake-ups; its wall clock is never asked.</param>
    /// <param name="inboxCapacity">Events from outside that may wait.</param>
    public MachineHost(IMachine<TEvent> machine, TimeProvider time, int inboxCapacity = 65536)
    {
        _machine = machine;
        _time = time;
        _start = time.GetTimestamp();
        _stopped = _stop.Token; // kept: work may get its thread only when the source is gone
        _inbox = Channel.CreateBounded<TEvent>(new BoundedChannelOptions(inboxCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _timer = time.CreateTimer(_ => Signal(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Events from outside that found the inbox full.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Events stepped so far.</summary>
    public long Stepped { get; private set; }

    /// <summary>Ends when the loop does; faulted if the machine threw while it was told of a failure, which is beyond repair.</summary>
    public Task Completion => _loop;

    /// <summary>Monotonic time since the host was made.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>Starts the loop. Call once.</summary>
    public void Start()
    {
        if (_started)
        {
            throw new InvalidOperationException("the host runs already");
        }

        _started = true;
        _loop = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public bool Post(TEvent input)
    {
        if (!_inbox.Writer.TryWrite(input))
        {
            Interlocked.Increment(ref _dropped);
            return false;
        }

        Signal();
        return true;
    }

    /// <inheritdoc/>
    public void WakeAt(string key, TimeSpan at, TEvent input) => _wakeUps.Arm(key, at, input);

    /// <inheritdoc/>
    public void Cancel(string key) => _wakeUps.Cancel(key);

    /// <inheritdoc/>
    public void Perform(Func<CancellationToken, Task<TEvent>> work) => _ = PerformAsync(work);

    /// <summary>Steps everything that is pending now, without waiting; for use instead of <see cref="Start"/>.</summary>
    /// <returns>How many events were stepped.</returns>
    public int StepPending()
    {
        var count = 0;
        for (; TryNext(out var input); count++)
        {
            Step(input!);
        }

        ArmTimer();
        return count;
    }

    /// <summary>Stops the loop after the step in hand; waiting events are forgotten, running work is cancelled.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _inbox.Writer.TryComplete();
        _own.Writer.TryComplete();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _timer.DisposeAsync().ConfigureAwait(false);
        _signal.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _signal.WaitAsync(_stop.Token).ConfigureAwait(false);
                Volatile.Write(ref _signalled, 0);
                while (!_stop.IsCancellationRequested && TryNext(out var input))
                {
                    Step(input!);
                }

                ArmTimer();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private bool TryNext(out TEvent? input) =>
        _own.Reader.TryRead(out input) || _wakeUps.TryTake(Now, out input) || _inbox.Reader.TryRead(out input);

    private void Step(TEvent input)
    {
        Stepped++;
        try
        {
            _machine.Handle(input, Now, this);
        }
        catch (Exception failure)
        {
            // A machine that cannot even be told of its failure has nothing left to decide with: that exception ends the loop.
            Stepped++;
            _machine.Handle(_machine.Failed(failure), Now, this);
        }
    }

    private async Task PerformAsync(Func<CancellationToken, Task<TEvent>> work)
    {
        TEvent result;
        try
        {
            result = await Task.Run(() => work(_stopped)).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            result = _machine.Failed(failure);
        }

        if (_own.Writer.TryWrite(result))
        {
            Signal();
        }
    }

    private void ArmTimer()
    {
        if (_wakeUps.Next is { } next)
        {
            var wait = next - Now;
            _timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void Signal()
    {
        if (Interlocked.Exchange(ref _signalled, 1) == 0)
        {
            try
            {
                _signal.Release();
            }
            catch (ObjectDisposedException)
            {
                // The host is gone; so is whoever would have listened.
            }
        }
    }
}
