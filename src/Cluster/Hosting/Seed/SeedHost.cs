using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Hosting.Store;

namespace ActorRing.Cluster.Hosting.Seed;

/// <summary>Runs the coordinator's machine: its loop, its log, its members, its engine.</summary>
public sealed class SeedHost : IEngineSink, IAsyncDisposable
{
    private readonly ISeedEngine _engine;
    private readonly ICheckpointFolder _checkpoints;
    private readonly Action<TelemetryRow, JobRecord?> _telemetry;
    private readonly Action<MemberView> _seen;
    private readonly CoordinatorMachine _machine;
    private readonly MachineShell _shell;
    private readonly RecordWriter _records;
    private readonly MemberKeeper _members;
    private MemberView _view = new(0, []);

    /// <summary>A seed that waits for <see cref="StartAsync"/>.</summary>
    /// <param name="engine">Owned.</param>
    /// <param name="log">The coordinator's memory, just opened; borrowed. Rewritten where that makes it much shorter (<see cref="LogUpkeep"/>).</param>
    /// <param name="options">Settings.</param>
    /// <param name="parts">What it works with.</param>
    /// <exception cref="InvalidDataException">The log holds a record that this version cannot read.</exception>
    /// <exception cref="IOException">The log was to be rewritten and must be opened anew.</exception>
    public SeedHost(ISeedEngine engine, RecordLog log, CoordinatorOptions options, SeedParts parts)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(parts);
        _engine = engine;
        _checkpoints = parts.Checkpoints;
        _telemetry = parts.Telemetry;
        _seen = parts.Seen;
        _machine = new CoordinatorMachine(log.Term, LogUpkeep.Read(log, parts.Log), options, parts.Planner);
        _records = new RecordWriter(log);
        _shell = new MachineShell(engine, _machine.Handle, Carry, parts.Time, parts.Log) { IsTaken = IsTaken };
        _members = new MemberKeeper(engine, parts.StartMember, parts.Time, _shell.Post);
    }

    /// <summary>What the loop has cost so far; to be read when it has ended.</summary>
    public ControlFigures Figures => _shell.Figures;

    /// <summary>Ends when the machine or a failure wants this process to end.</summary>
    public Task<HostEnd> Ended => _shell.Ended;

    /// <summary>Listens and begins.</summary>
    /// <param name="children">Names of member processes to start.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="IOException">The address is taken or cannot be listened on.</exception>
    public async Task StartAsync(IReadOnlyList<string> children, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(children);
        await _engine.StartAsync(this, ct).ConfigureAwait(false);
        _shell.Post(new Started());
        foreach (var name in children)
        {
            _members.Start(name);
        }

        _shell.Start();
    }

    /// <summary>Asks the seed to leave; ranks wait for the next one.</summary>
    public void Drain() => _shell.Post(new DrainRequested());

    /// <inheritdoc/>
    public void OnFrame(MemberRef from, ReadOnlyMemory<byte> frame) => _shell.Take(from, frame);

    /// <inheritdoc/>
    public void OnView(MemberView view)
    {
        _shell.Door.See(view);
        _shell.Post(new ViewChanged(view));
    }

    /// <inheritdoc/>
    public void OnEvicted(string why) => _shell.End(isClean: false, why);

    /// <summary>Ends members that it started, then itself. What the log was asked to hold, it holds.</summary>
    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync().ConfigureAwait(false);
        await _engine.DisposeAsync().ConfigureAwait(false); // members that are asked to leave need not wait for an answer
        await _members.DisposeAsync().ConfigureAwait(false);
        await _records.Idle.ConfigureAwait(false);
    }

    private bool IsTaken(MachineEvent input, TimeSpan now, IMachineHost<MachineEvent> host)
    {
        if (input is not ViewChanged changed)
        {
            return false;
        }

        Compare(changed.View);
        return true;
    }

    private void Compare(MemberView view)
    {
        foreach (var was in _view.Members)
        {
            if (was.IsUp && !view.IsUp(was.Member))
            {
                _members.SeeDisconnected(Roles.ToId(was.Member), saidGoodBye: view.Find(was.Member.Name) is { Reason: MemberReason.Left } now && now.Member == was.Member);
            }
        }

        _view = view;
        _seen(view);
    }

    private void Carry(Effect effect, IMachineHost<MachineEvent> host)
    {
        switch (effect)
        {
            case AppendLog append:
                _records.Append(append, host);
                break;
            case ConfirmTerm when !_records.IsHeld:
                _shell.Post(new LogFailed("the file is gone, or shorter than it was"));
                break;
            case FenceMember fence:
                _members.Fence(fence.Member, fence.Reason);
                break;
            case StartMember start:
                _members.Start(start.Name);
                break;
            case CommitManifest commit:
                var job = _machine.Book.Find(commit.Job)!;
                host.Perform(_ => Task.FromResult(Commit(commit, job)));
                break;
            case DiscardShards discard:
                var loser = _machine.Book.Find(discard.Job)!;
                _ = Task.Run(() => Discard(discard, loser));
                break;
            case CheckCheckpoints check:
                var owner = _machine.Book.Find(check.Job)!;
                host.Perform(_ => Task.FromResult<MachineEvent>(FindWhole(check, owner)));
                break;
            case Publish publish:
                _telemetry(publish.Row, JobOf(publish.Row));
                break;
        }
    }

    private JobRecord? JobOf(TelemetryRow row) => row switch
    {
        StepRow step => _machine.Book.Find(step.Job),
        StepRecalled step => _machine.Book.Find(step.Job),
        EpochRow epoch => _machine.Book.Find(epoch.Job),
        StragglerRow straggler => _machine.Book.Find(straggler.Job),
        JobRow job => _machine.Book.Find(job.Job),
        DurabilityRow durability => _machine.Book.Find(durability.Job),
        _ => null,
    };

    private MachineEvent Commit(CommitManifest order, JobRecord job)
    {
        try
        {
            return new ManifestCommitted(order.Job, order.StepsDone, _checkpoints.Commit(order, job));
        }
        catch (Exception failure)
        {
            // Not IOException alone: .NET takes a refused lseek for a stream that cannot seek. A checkpoint that was not written is no reason for a seed to end.
            return new ManifestFailed(order.Job, order.StepsDone, $"{order.Job}: TrainingCheckpoint of update {order.StepsDone}: {failure.Message.ReplaceLineEndings(" ")}");
        }
    }

    private void Discard(DiscardShards order, JobRecord job)
    {
        try
        {
            _checkpoints.Discard(order, job);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Whatever is wrong with the disk is known already, and the next order tries again.
        }
    }

    private CheckpointsChecked FindWhole(CheckCheckpoints order, JobRecord job)
    {
        var suspect = order.Candidates[0].StepsDone;
        try
        {
            var (newest, text) = _checkpoints.FindWhole(order, job);
            return new CheckpointsChecked(order.Job, suspect, newest, text);
        }
        catch (Exception failure)
        {
            return new CheckpointsChecked(order.Job, suspect, suspect, $"it could not be looked at: {failure.Message.ReplaceLineEndings(" ")}");
        }
    }

    private sealed record ViewChanged(MemberView View) : MachineEvent;
}
