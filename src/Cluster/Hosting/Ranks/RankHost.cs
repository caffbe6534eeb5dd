using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Rank;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;

namespace ActorRing.Cluster.Hosting.Ranks;

/// <summary>Runs a member's machine: its loop, its compute thread, its engine.</summary>
public sealed class RankHost : IEngineSink, IAsyncDisposable
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(20);

    private readonly IEngine _engine;
    private readonly IRankWork _work;
    private readonly Action<string> _log;
    private readonly RankMachine _machine;
    private readonly MachineShell _shell;
    private readonly RankRuntime _runtime;
    private RingEpoch _epoch;
    private long _seenProgress;
    private bool _saidWaiting;
    private volatile bool _isDraining;

    /// <summary>A member that waits for <see cref="StartAsync"/>.</summary>
    /// <param name="engine">Joined to a seed by <see cref="StartAsync"/>; owned.</param>
    /// <param name="options">Settings.</param>
    /// <param name="planner">Makes this rank's own plans.</param>
    /// <param name="work">Owned.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told in one line whenever something changes, from the host's loop, and from any thread why it ends; must not block.</param>
    public RankHost(IEngine engine, RankOptions options, IPlanner planner, IRankWork work, TimeProvider time, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(time);
        _engine = engine;
        _work = work;
        _log = log;
        _machine = new RankMachine(Roles.ToId(engine.Self), options, planner);
        _shell = new MachineShell(engine, _machine.Handle, Carry, time, log) { IsTaken = IsTaken };
        _runtime = new RankRuntime(work, _shell.Post);
    }

    /// <summary>Ends when the machine, the cluster or a failure wants this process to end.</summary>
    public Task<HostEnd> Ended => _shell.Ended;

    /// <summary>What the loop has cost so far; to be read when it has ended.</summary>
    public ControlFigures Figures => _shell.Figures;

    /// <summary>Joins the cluster and begins.</summary>
    /// <exception cref="EngineRefusedException">The cluster does not want this process.</exception>
    public async Task StartAsync(CancellationToken ct)
    {
        await _engine.StartAsync(this, ct).ConfigureAwait(false);
        _shell.Start();
        _shell.Post(new Started());
    }

    /// <summary>Asks the member to finish what is in hand and leave; at once where no seed is there to wait for.</summary>
    public void Drain()
    {
        _shell.Post(new DrainRequested());
        _isDraining = true;
        EndIfAlone();
    }

    /// <inheritdoc/>
    public void OnFrame(MemberRef from, ReadOnlyMemory<byte> frame) => _shell.Take(from, frame);

    /// <inheritdoc/>
    public void OnView(MemberView view)
    {
        _shell.Door.See(view);
        EndIfAlone();
    }

    /// <inheritdoc/>
    public void OnEvicted(string why) => _shell.End(isClean: false, why);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync().ConfigureAwait(false);
        _work.Abort(_epoch, "the process ends");
        _runtime.Dispose();
        await _engine.DisposeAsync().ConfigureAwait(false);
    }

    // Nobody is there to say that it may go.
    private void EndIfAlone()
    {
        if (_isDraining && !_shell.Door.HasSeed)
        {
            _shell.End(isClean: true, "asked to leave, and there is no seed");
        }
    }

    // Faults on purpose are the work's business, not the machine's: it must be surprised.
    private bool IsTaken(MachineEvent input, TimeSpan now, IMachineHost<MachineEvent> host)
    {
        if (input is Received { From: { Role: Role.Submitter } console, Message: ArmFault fault })
        {
            if (_machine.Rank == fault.Rank)
            {
                _log($"will fail on purpose: {fault.Fault} at {fault.Point}, update {fault.Step}");
                _shell.Door.TrySend(new Send(console.Member, new FaultArmed(fault.Key)));
                _work.Arm(fault);
            }

            return true;
        }

        if (input is WakeUp)
        {
            Look(now, host);
        }

        return false;
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
            _shell.Step(new WaitingForPeer(_epoch, hop), now, host);
        }
        else if (_saidWaiting || progress != _seenProgress)
        {
            _saidWaiting = false;
            _shell.Step(new WorkProgressed(_epoch), now, host);
        }

        _seenProgress = progress;
    }

    private void Carry(Effect effect, IMachineHost<MachineEvent> host)
    {
        if (effect is PrepareCommunicators prepare)
        {
            _epoch = prepare.Epoch;
        }

        _runtime.TryOrder(effect);
    }
}
