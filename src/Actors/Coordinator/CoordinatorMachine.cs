using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Coordinator;

// Invariants:
//  1. What the log holds is decided; nothing is said to anybody before its record is on the disk.
//  2. An epoch is issued once, greater than all before it, and only while nobody of an earlier one can go on unfenced.
//  3. An update is committed by the set of the ranks of the current epoch, all with one digest, in order, without gaps.
//  4. A member that was given up never counts again. A job in a final state stays there.
//  5. Whoever hears of a later term exits.

/// <summary>
/// Who is there, who works on what, what is committed, and what follows from a loss. Decides, never acts: a host carries out its effects and feeds it events.
/// </summary>
/// <remarks>
/// Not for several threads. One job has the ring at a time, the others queue. The same log and the same events at the same instants give the same effects,
/// in every process. Cost of an event: O(log members); of a tick and of a new epoch: O(members).
/// </remarks>
public sealed partial class CoordinatorMachine
{
    private readonly CoordinatorOptions _options;
    private readonly IPlanner _planner;
    private readonly JobBook _book = new();
    private readonly PendingLog _log;
    private readonly MemberTable _members;
    private EpochRun? _epoch;
    private long _sequence;
    private Instant _lastTick;
    private Instant? _silentSince;
    private Instant _formingSince;
    private Instant _makesDoAt;
    private Instant _notBefore;
    private EpochEnd _lastEnd;
    private string _lastReason = "";
    private EndEpoch? _ended;
    private Instant _startedAt;
    private bool _isExiting;

    // The newest update with any shard: only Mutation.RestoreUncommitted looks at it.
    private long _uncommitted;

    /// <summary>A coordinator that knows what its log holds.</summary>
    /// <param name="term">Greater than that of every coordinator before, and durable: <c>RecordLog.Term</c>.</param>
    /// <param name="records">The log's entries, oldest first.</param>
    /// <param name="options">Settings.</param>
    /// <param name="planner">Makes plans.</param>
    public CoordinatorMachine(long term, IEnumerable<LogRecord> records, CoordinatorOptions options, IPlanner planner)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(planner);
        Term = term;
        _options = options;
        _planner = planner;
        _log = new(options.LongestLogQueue);
        _members = new(options);
        foreach (var record in records)
        {
            _book.Apply(record);
        }
    }

    /// <summary>Of this coordinator's life.</summary>
    public long Term { get; }

    /// <summary>What is durable.</summary>
    public JobBook Book => _book;

    /// <summary>Known members, in order of joining.</summary>
    public IReadOnlyList<MemberRecord> Members => _members.All;

    /// <summary>The current epoch; <see cref="RingEpoch.None"/> between two.</summary>
    public RingEpoch Epoch => _epoch?.Id ?? RingEpoch.None;

    /// <summary>Where the current epoch is.</summary>
    public EpochPhase Phase => _epoch?.Phase ?? EpochPhase.None;

    /// <summary>The member of each rank of the current epoch.</summary>
    public IReadOnlyList<MemberRecord?> Ranks => _epoch?.Members ?? [];

    /// <summary>Plan of the current epoch; null between two.</summary>
    public PreparedPlan? Plan => _epoch?.Plan;

    /// <summary>Records that wait for the disk.</summary>
    public int WaitingRecords => _log.Count;

    /// <summary>The late transfer that a rank reported; null if none is late.</summary>
    public HopWait? LateHop(GlobalRank rank) => _epoch?.Hops[rank.Index];

    /// <summary>Takes one event.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">Never before that of an earlier call.</param>
    /// <param name="effects">What to do about it, behind what is there.</param>
    /// <returns>Why something changed, in one line; null if nothing worth a line did.</returns>
    public string? Handle(MachineEvent input, Instant now, Outbox effects)
    {
        ArgumentNullException.ThrowIfNull(effects);
        if (_isExiting)
        {
            return null;
        }

        switch (input)
        {
            case Started:
                return Begin(now, effects);
            case WakeUp:
                return Tick(now, effects);
            case Received received:
                return Receive(received.From, received.Message, now, effects);
            case LogAppended appended:
                return TakeDurable(appended.Sequence, now, effects);
            case DrainRequested:
                // Nothing is lost with it: the log holds all that was said, and the ranks wait for the next coordinator.
                _isExiting = true;
                effects.Add(new ExitProcess(true, "asked to leave"));
                return "asked to leave";
            case LogFailed failed:
                return Exit("the log takes no more: " + failed.Reason, effects);
            case MemberGone gone:
                return SeeGone(gone, now, effects);
            case MemberStarted started:
                if (!_book.IsFenced(started.Member) && _members.Find(started.Member) is null)
                {
                    _members.Join(started.Member, now + _options.JoinLimit);
                }

                return null;
            case MemberDisconnected disconnected:
                if (_members.Find(disconnected.Member) is { IsUp: true } cut)
                {
                    cut.DisconnectedAt ??= now;
                }

                return null;
            case ManifestCommitted committed:
                return SeeManifest(committed, effects);
            case ManifestFailed failed:
                return SeeManifestFailed(failed, now, effects);
            case CheckpointsChecked found:
                return SeeChecked(found, now, effects);
            default:
                return null;
        }
    }

    private string? Begin(Instant now, Outbox effects)
    {
        _startedAt = _lastTick = _formingSince = _notBefore = now;
        _makesDoAt = now + _options.RejoinWait;
        var reason = Adopt(now);
        Recall(effects);
        Announce(effects, everybody: true);
        effects.Add(new WakeAt(now + _options.TickEvery));
        return reason;
    }

    // Who writes down what updates were like does so behind their commits, and may have ended in between.
    private void Recall(Outbox effects)
    {
        foreach (var job in _book.Jobs)
        {
            if (job.IsOver)
            {
                continue;
            }

            foreach (var step in job.Remembered)
            {
                if (step.Report is not null)
                {
                    effects.Add(new Publish(new StepRecalled(job.Id, step.Epoch, step.StepsDone, step.Report)));
                }
            }
        }
    }

    private string? Tick(Instant now, Outbox effects)
    {
        var pause = now - _lastTick - (3 * _options.TickEvery);
        if (pause > TimeSpan.Zero)
        {
            _members.Forgive(pause, now);
        }

        _lastTick = now;
        effects.Add(new ConfirmTerm(Term));
        if (IsCutOff(now))
        {
            Announce(effects, everybody: true);
            WakeNext(now, effects);
            return null;
        }

        var reason = WatchMembers(now, effects);
        reason = WatchEpoch(now, effects) ?? reason;
        reason = Next(now, effects) ?? reason;
        StartLost(effects);
        Announce(effects, everybody: true);
        WakeNext(now, effects);
        return reason;
    }

    // At the next tick, or when the next epoch may be formed, if that is sooner.
    private void WakeNext(Instant now, Outbox effects)
    {
        var tick = _lastTick + _options.TickEvery;
        effects.Add(new WakeAt(_epoch is null && _notBefore > now && _notBefore < tick ? _notBefore : tick));
    }

    private string? Receive(Sender from, Message message, Instant now, Outbox effects)
    {
        if (Answer(message, now) is { } answer)
        {
            effects.Send(from.Member, answer);
            return null;
        }

        switch (message)
        {
            case StaleTerm stale when from.Role == Role.Member && stale.Term > Term && _options.Mutation != Mutation.IgnoreLaterTerm:
                return Exit(Text.Of($"a coordinator of term {stale.Term} has taken over from term {Term}"), effects);
            case SubmitJob submit:
                Submit(from, submit, effects);
                return null;
            case ControlJob control:
                return Control(from, control, now, effects);
            case DrainMember drain:
                return Drain(from, drain, effects);
            case MemberHello hello when from.Role == Role.Member:
                return Greet(from.Member, hello, now, effects);
            default:
                return from.Role == Role.Member ? HearRank(from.Member, message, now, effects) : null;
        }
    }

    private string Exit(string reason, Outbox effects)
    {
        _isExiting = true;
        effects.Add(new ExitProcess(false, reason));
        return reason;
    }

    // One message for everybody. What is not durable is not in it.
    private void Announce(Outbox effects, bool everybody)
    {
        var epoch = _epoch is { Phase: not EpochPhase.Issuing } ? _epoch : null;
        var hello = new CoordinatorHello(Term, ++_sequence, epoch?.Id ?? RingEpoch.None, epoch?.Phase ?? EpochPhase.None, epoch is null ? 0 : Announceable(epoch),
            epoch?.CheckpointAt ?? 0, epoch?.StopAfter ?? 0, epoch?.Job.CheckpointCommitted ?? 0);
        if (everybody)
        {
            foreach (var member in _members.All)
            {
                if (member.IsUp)
                {
                    effects.Send(member.Id, hello);
                }
            }
        }
        else if (epoch is not null)
        {
            foreach (var member in epoch.Members)
            {
                if (member is { IsUp: true })
                {
                    effects.Send(member.Id, hello);
                }
            }
        }
    }

    // A repeated update counts as committed only once its first record is on the disk.
    private long Announceable(EpochRun epoch) =>
        _options.Mutation == Mutation.AnnounceBeforeLog ? epoch.Steps.Agreed : Math.Min(epoch.Steps.Agreed, Math.Max(epoch.Job.StepsCommitted, epoch.Issued.RestoreFrom));
}
