using System.Diagnostics;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Rank;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;

namespace ActorRing.Cluster.Hosting.Ranks;

/// <summary>Runs a member's machine: its loop, its compute thread, its engine.</summary>
public sealed class RankHost : IMachine<MachineEvent>, IEngineSink, IAsyncDisposable
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(20);

    private readonly IEngine _engine;
    private readonly IRankWork _work;
    private readonly Action<string> _log;
    private readonly RankMachine _machine;
    private readonly Outbox _effects = new();
    private readonly EngineDoor _door;
    private readonly MachineHost<MachineEvent> _host;
    private readonly RankRuntime _runtime;
    private readonly TaskCompletionSource<HostEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _events;
    private long _busy; // in ticks of Stopwatch
    private RingEpoch _epoch;
    private long _seenProgress;
    private bool _saidWaiting;
    private volatile bool _isDraining;
    private string _lastReason = "";

    /// <summary>A member that waits for <see cref="StartAsync"/>.</summary>
    /// <param name="engine">Joined to a seed by <see cref="StartAsync"/>; owned.</param>
    /// <param name="options">Settings.</param>
    /// <param name="planner">Makes this rank's own plans.</param>
    /// <param name="work">Owned.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told in one line whenever something changes; from the host's loop, must not block.</param>
    public RankHost(IEngine engine, RankOptions options, IPlanner planner, IRankWork work, TimeProvider time, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(time);
        _engine = engine;
        _work = work;
        _log = log;
        _machine = new RankMachine(Roles.ToId(engine.Self), options, planner);
        _door = new EngineDoor(engine);
        _host = new MachineHost<MachineEvent>(this, time);
        _runtime = new RankRuntime(work, Post);
    }

    /// <summary>What the loop has cost so far; to be read when it has ended.</summary>
    public ControlFigures Figures => new(_events, _door.Sent, Stopwatch.GetElapsedTime(0, _busy));

    /// <summary>Ends when the machine, the cluster or a failure wants this process to end.</summary>
    public Task<HostEnd> Ended => _ended.Task;

    /// <summary>Joins the cluster and begins.</summary>
    /// <exception cref="EngineRefusedException">The cluster does not want this process.</exception>
    public async Task StartAsync(CancellationToken ct)
    {
        await _engine.StartAsync(this, ct).ConfigureAwait(false);
        _host.Start();
        Post(new Started());
    }

    /// <summary>Asks the member to finish what is in hand and leave; at once where no seed is there to wait for.</summary>
    public void Drain()
    {
        Post(new DrainRequested());
        _isDraining = true;
        EndIfAlone();
    }

    /// <inheritdoc/>
    public void Handle(MachineEvent input, TimeSpan now, IMachineHost<MachineEvent> host)
    {
        var started = Stopwatch.GetTimestamp();
        Take(input, now, host);
        _events++;
        _busy += Stopwatch.GetTimestamp() - started;
    }

    private void Take(MachineEvent input, TimeSpan now, IMachineHost<MachineEvent> host)
    {
        if (input is HostFailed failed)
        {
            _ended.TrySetResult(new HostEnd(false, failed.Text));
            return;
        }

        if (input is Received { From: { Role: Role.Submitter } console, Message: ArmFault fault })
        {
            if (_machine.Rank == fault.Rank)
            {
                _log($"will fail on purpose: {fault.Fault} at {fault.Point}, update {fault.Step}");
                _door.TrySend(new Send(console.Member, new FaultArmed(fault.Key)));
                _work.Arm(fault);
            }

            return;
        }

        if (input is WakeUp)
        {
            Look(now, host);
        }

        Step(input, now, host);
    }

    /// <inheritdoc/>
    public MachineEvent Failed(Exception failure) => new HostFailed($"{_engine.Self}: {failure}");

    /// <inheritdoc/>
    public void OnFrame(MemberRef from, ReadOnlyMemory<byte> frame)
    {
        if (_door.Read(from, frame) is { } received)
        {
            _host.Post(received);
        }
    }

    /// <inheritdoc/>
    public void OnView(MemberView view)
    {
        _door.See(view);
        EndIfAlone();
    }

    /// <inheritdoc/>
    public void OnEvicted(string why) => _ended.TrySetResult(new HostEnd(false, why));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync().ConfigureAwait(false);
        _work.Abort(_epoch, "the process ends");
        _runtime.Dispose();
        await _engine.DisposeAsync().ConfigureAwait(false);
    }

    // Nobody is there to say that it may go.
    private void EndIfAlone()
    {
        if (_isDraining && !_door.HasSeed)
        {
            _ended.TrySetResult(new HostEnd(true, "asked to leave, and there is no seed"));
        }
    }

    // The compute thread says nothing of itself: it is looked at as often as a heartbeat goes.
    private void Look(TimeSpan now, IMachineHost<MachineEvent> host)
    {
        if (_machine.Phase == RankPhase.Idle)
        {
            return;
        }

        var progress = _work.Progress;
        if (_work.Waiting is { } hop && hop.Waited >= ShortestWait)
        {
            _saidWaiting = true;
            Step(new WaitingForPeer(_epoch, hop), now, host);
        }
        else if (_saidWaiting || progress != _seenProgress)
        {
            _saidWaiting = false;
            Step(new WorkProgressed(_epoch), now, host);
        }

        _seenProgress = progress;
    }

    private void Step(MachineEvent input, TimeSpan now, IMachineHost<MachineEvent> host)
    {
        if (_machine.Handle(input, new Instant(now.Ticks), _effects) is { } reason && reason != _lastReason)
        {
            _lastReason = reason; // what fails again and again the same way is worth one line
            _log(reason);
        }

        for (var at = 0; at < _effects.Count; at++)
        {
            Carry(_effects[at], host);
        }

        _effects.Clear();
    }

    private void Carry(Effect effect, IMachineHost<MachineEvent> host)
    {
        if (effect is PrepareCommunicators prepare)
        {
            _epoch = prepare.Epoch;
        }

        if (_door.TrySend(effect) || _runtime.TryOrder(effect))
        {
            return;
        }

        switch (effect)
        {
            case WakeAt wake:
                host.WakeAt("machine", TimeSpan.FromTicks(wake.At.Ticks), new WakeUp());
                break;
            case ExitProcess exit:
                _ended.TrySetResult(new HostEnd(exit.IsClean, exit.Reason));
                break;
        }
    }

    // Results are never dropped: a machine may assume that work ends.
    private void Post(MachineEvent input)
    {
        while (!_host.Post(input) && !_ended.Task.IsCompleted)
        {
            Thread.Sleep(1);
        }
    }
}
