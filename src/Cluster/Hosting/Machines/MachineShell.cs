using System.Diagnostics;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Hosting.Machines;

/// <summary>What the hosts of all machines have in common: one loop, one door to the engine, wake-ups, one end.</summary>
internal sealed class MachineShell : IMachine<MachineEvent>, IAsyncDisposable
{
    private readonly Func<MachineEvent, Instant, Outbox, string?> _handle;
    private readonly Action<Effect, IMachineHost<MachineEvent>> _carry;
    private readonly Action<string> _log;
    private readonly MachineHost<MachineEvent> _host;
    private readonly Outbox _effects = new();
    private readonly TaskCompletionSource<HostEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string _lastReason = "";
    private volatile bool _isGone;
    private bool _isEnding;
    private long _events;
    private long _busy; // in ticks of Stopwatch

    /// <param name="engine">Borrowed.</param>
    /// <param name="handle">Of the machine.</param>
    /// <param name="carry">Carries out an effect that is not the shell's own.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told in one line whenever something changes, and why it ends; must not block.</param>
    internal MachineShell(IEngine engine, Func<MachineEvent, Instant, Outbox, string?> handle, Action<Effect, IMachineHost<MachineEvent>> carry, TimeProvider time, Action<string> log)
    {
        (Door, Self, _handle, _carry, _log) = (new EngineDoor(engine), engine.Self, handle, carry, log);
        _host = new MachineHost<MachineEvent>(this, time);
    }

    internal EngineDoor Door { get; }

    /// <summary>Ends when the machine, the cluster or a failure wants this process to end.</summary>
    internal Task<HostEnd> Ended => _ended.Task;

    /// <summary>What the loop has cost so far; to be read when it has ended.</summary>
    internal ControlFigures Figures => new(_events, Door.Sent, Stopwatch.GetElapsedTime(0, _busy));

    /// <summary>Looks at each event before the machine; true keeps it from the machine.</summary>
    internal Func<MachineEvent, TimeSpan, IMachineHost<MachineEvent>, bool> IsTaken { get; init; } = (_, _, _) => false;

    private MemberRef Self { get; }

    internal void Start() => _host.Start();

    /// <summary>Ends the process, and says why unless the machine has just said so. The first end counts; from any thread.</summary>
    internal void End(bool isClean, string reason)
    {
        if (Interlocked.Exchange(ref _isEnding, true))
        {
            return;
        }

        if (reason != _lastReason)
        {
            _log(reason);
        }

        _ended.TrySetResult(new HostEnd(isClean, reason));
    }

    /// <summary>Passes a frame's message on; may drop it, as a network may.</summary>
    internal void Take(MemberRef sender, ReadOnlyMemory<byte> frame)
    {
        if (Door.Read(sender, frame) is { } received)
        {
            _host.Post(received);
        }
    }

    /// <summary>Passes an event on that is not dropped while the loop runs: a machine may assume that work ends.</summary>
    internal void Post(MachineEvent input)
    {
        while (!_host.Post(input) && !_isGone && !_ended.Task.IsCompleted)
        {
            Thread.Sleep(1);
        }
    }

    /// <summary>Lets the machine take an event. From inside the loop only.</summary>
    internal void Step(MachineEvent input, TimeSpan now, IMachineHost<MachineEvent> host)
    {
        if (_handle(input, new Instant(now.Ticks), _effects) is { } reason && reason != _lastReason)
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

    void IMachine<MachineEvent>.Handle(MachineEvent input, TimeSpan now, IMachineHost<MachineEvent> host)
    {
        var started = Stopwatch.GetTimestamp();
        if (input is HostFailed failed)
        {
            End(isClean: false, failed.Text);
        }
        else if (!IsTaken(input, now, host))
        {
            Step(input, now, host);
        }

        _events++;
        _busy += Stopwatch.GetTimestamp() - started;
    }

    MachineEvent IMachine<MachineEvent>.Failed(Exception failure) => new HostFailed($"{Self}: {failure}");

    /// <summary>Ends the loop. Whoever still posts, as the engine does with what it sees last, is let go.</summary>
    public ValueTask DisposeAsync()
    {
        _isGone = true;
        return _host.DisposeAsync();
    }

    private void Carry(Effect effect, IMachineHost<MachineEvent> host)
    {
        switch (effect)
        {
            case var send when Door.TrySend(send):
                break;
            case WakeAt wake:
                host.WakeAt("machine", TimeSpan.FromTicks(wake.At.Ticks), new WakeUp());
                break;
            case ExitProcess exit:
                End(exit.IsClean, exit.Reason);
                break;
            default:
                _carry(effect, host);
                break;
        }
    }
}
