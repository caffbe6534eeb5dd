using ActorRing.Actors;
using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;

namespace ActorRing.Simulation;

/// <summary>
/// One schedule: real machines in simulated processes, on simulated time, network and disk. Two phases: safety (anything goes wrong), then liveness (everything
/// is well again, except what is broken for good, and the jobs must end soon).
/// </summary>
/// <remarks>Everything follows from the seed; the same seed gives the same trace, whatever the origin of its clock.</remarks>
internal sealed partial class World
{
    private const int CoordinatorSlot = 9;
    private const int SubmitterSlot = 10;
    private const int MillisecondsToTheEnd = 4_000;
    private const int LongestPause = 350;

    private readonly ulong _rngSeed;
    private readonly SimRandom _random;
    private readonly Faults _faults;
    private readonly Mutation _mutation;
    private readonly EventQueue _queue = new();
    private readonly Outbox _effects = new();
    private readonly long _origin;
    private readonly SimMember?[] _members;
    private readonly List<SimMember> _zombies = [];
    private readonly List<SimCoordinator> _coordinators = [];
    private readonly List<SimSubmitter> _submitters = [];
    private readonly long[] _incarnations;
    private readonly CoordinatorOptions _options;
    private readonly List<string>? _story;
    private long _seedIncarnation;
    private bool _isHealed;
    private long _end;
    private ulong _trace = 17;

    /// <param name="rngSeed">Decides everything.</param>
    /// <param name="mutation">A rule to break.</param>
    /// <param name="origin">Milliseconds on the processes' clocks when the schedule starts.</param>
    /// <param name="story">Gets a line for whatever a machine gives a reason for; null for none.</param>
    /// <param name="lookEvery">Milliseconds between two looks of observers; 0 for none, null for whatever the seed says.</param>
    /// <param name="compacts">Whether the log is compacted whenever a coordinator starts; null for whatever the seed says.</param>
    /// <param name="tracesDecisions">Whether to keep <see cref="Decisions"/>.</param>
    /// <param name="crashes">Processes to lose in a run in which nothing else goes wrong; null for the trouble that the seed says.</param>
    /// <param name="skip">Numbers of troubles to leave out.</param>
    internal World(ulong rngSeed, Mutation mutation = Mutation.None, long origin = 0, List<string>? story = null, int? lookEvery = null, bool? compacts = null,
        bool tracesDecisions = false, CrashPlan? crashes = null, IReadOnlyList<int>? skip = null)
    {
        _rngSeed = rngSeed;
        _random = new(rngSeed);
        _crashes = crashes;
        _skip = skip ?? [];
        _faults = crashes is null ? new(rngSeed) : Faults.ForCrashes(crashes.Spares);
        _end = _faults.End;
        _mutation = mutation;
        _origin = origin;
        _story = story;
        _onlooker = new(rngSeed ^ 0x10075);
        _lookEvery = lookEvery ?? _faults.LookEvery;
        _compacts = compacts ?? _faults.Compacts;
        _tracesDecisions = tracesDecisions;
        _options = SimSettings.Coordinator(mutation, _faults.Profile is Profile.Poison or Profile.Elastic);
        _members = new SimMember?[_faults.Ranks + _faults.Spares];
        _incarnations = new long[_members.Length];
        _oddSlot = _faults.Profile == Profile.OddMember ? _random.Below(_faults.Ranks) : -1;
    }

    internal Faults Faults => _faults;

    /// <summary>What the machines said, if that was asked for.</summary>
    internal IReadOnlyList<string>? Story => _story;

    internal long Now { get; private set; }

    internal long Events { get; private set; }

    internal long Kills { get; private set; }

    internal long Epochs { get; private set; }

    /// <summary>Those of them that gave a ring what it wanted.</summary>
    internal long Resizes { get; private set; }

    /// <summary>Times that data were left out.</summary>
    internal long Windows { get; private set; }

    /// <summary>TrainingCheckpoints given up.</summary>
    internal long Lost { get; private set; }

    internal ulong Trace => _trace;

    /// <summary>Runs it to its end.</summary>
    /// <returns>The rule that did not hold, in one line; null if all did.</returns>
    internal string? Run()
    {
        try
        {
            BootCoordinator();
            for (var slot = 0; slot < _members.Length; slot++)
            {
                BootMember(slot);
            }

            for (var job = 0; job < _faults.Jobs; job++)
            {
                Submit(job);
            }

            LookLater();
            if (_crashes is null)
            {
                At(_random.Between(20, 80), Fault);
            }

            At(_faults.End, HealAll);
            while (!IsOver())
            {
                Take();
            }

            CheckAtTheEnd();
            return null;
        }
        catch (Violation violation)
        {
            return violation.Message;
        }
        catch (Exception failure) when (failure is ArgumentException or InvalidOperationException or NullReferenceException or IndexOutOfRangeException)
        {
            return "a machine threw: " + failure.Message.ReplaceLineEndings(" ") + failure.StackTrace?.Split('\n')[0];
        }
    }

    private void At(long wait, Action action) => _queue.Add(Now + wait, null, action);

    private void Feed(SimProcess target, long wait, MachineEvent input) => _queue.Add(Now + wait, target, input);

    private void Take()
    {
        if (_queue.Count == 0)
        {
            throw new Violation("L2 nothing happens any more");
        }

        var (time, _, target, what) = _queue.Take();
        Now = time;
        if (what is Look)
        {
            LookAround();
            Take();
            return;
        }

        Events++;
        if (_crashes is not null)
        {
            CrashBefore(target);
        }

        if (what is Action action)
        {
            action();
            return;
        }

        if (!target!.IsAlive || target.PausedUntil == SimProcess.Never)
        {
            return;
        }

        if (target.PausedUntil > Now)
        {
            _queue.Add(target.PausedUntil, target, what);
            return;
        }

        if (what is MachineEvent input)
        {
            Step(target, input);
        }
        else if (ReferenceEquals(what, target.Alarm))
        {
            Step(target, WakeUpEvent);
        }
    }

    private static readonly WakeUp WakeUpEvent = new();
    private static readonly Started StartedEvent = new();

    private void Step(SimProcess process, MachineEvent input)
    {
        if (process is SimMember waiter && input is WakeUp)
        {
            ReportWait(waiter);
        }

        _effects.Clear();
        var stepsBefore = (process as SimMember)?.Machine.StepsDone ?? 0;
        var reason = process.Handle(input, Instant(), _effects);
        _trace = (_trace * 1099511628211) ^ (ulong)(Now * 31) ^ ((ulong)process.Slot << 40) ^ (ulong)_effects.Count;
        if (_tracesDecisions)
        {
            TraceDecisions(process, reason);
        }

        if (reason is not null)
        {
            Tell(process, reason);
        }

        if (process is SimMember member)
        {
            CheckMember(member, input, stepsBefore);
        }
        else if (process is SimCoordinator coordinator)
        {
            CheckCoordinator(coordinator, input);
        }

        // A process that exits half-way through its effects does not happen: effects are carried out by the host that the machine lives in.
        for (var at = 0; at < _effects.Count && !(_crashes is not null && CrashesBetweenEffects(process, at)); at++)
        {
            Carry(process, _effects[at]);
        }
    }

    private Instant Instant() => new((_origin + Now) * TimeSpan.TicksPerMillisecond);

    private void Tell(SimProcess process, string reason) => _story?.Add($"{Now,6} ms  {process.Id,-8} {reason}");

    private void Tell(string what) => _story?.Add($"{Now,6} ms  {"world",-8} {what}");

    private void Carry(SimProcess process, Effect effect)
    {
        switch (effect)
        {
            case Send send:
                Deliver(process, Find(send.Receiver), send.Message);
                break;
            case SendToSeed send:
                Deliver(process, Seed(), send.Message);
                break;
            case WakeAt wake:
                process.Alarm = new();
                _queue.Add(Math.Max(Now + 1, (wake.At.Ticks / TimeSpan.TicksPerMillisecond) - _origin), process, process.Alarm);
                break;
            case ExitProcess exit:
                Exit(process, exit);
                break;
            case Publish { Row: EpochRow { Cause: EpochEnd.FormingTimeout } row }:
                CheckForming(row.Epoch);
                break;
            case Publish:
                break;
            default:
                if (process is SimMember member)
                {
                    Compute(member, effect);
                }
                else if (process is SimCoordinator coordinator)
                {
                    Store(coordinator, effect);
                }

                break;
        }
    }

    private void Exit(SimProcess process, ExitProcess exit)
    {
        switch (process)
        {
            case SimMember member:
                Lose(member, isExitSeen: true);
                break;
            case SimCoordinator coordinator:
                Tell($"{coordinator.Id} exits: {exit.Reason}");
                LoseCoordinator(coordinator);
                break;
            default:
                process.IsAlive = false;
                break;
        }
    }

    private bool IsReserve(int slot) => slot >= _members.Length - _faults.Reserves;

    private void BootMember(int slot)
    {
        var isOdd = slot == _oddSlot;
        var hasOddPlan = isOdd && _rngSeed % 2 == 0;
        var member = new SimMember(
            new(MemberName(slot), ++_incarnations[slot]), slot, SimSettings.Rank(_mutation, isOdd && !hasOddPlan, IsReserve(slot)), new(hasOddPlan)) { IsOdd = isOdd };
        if (_members[slot] is { IsAlive: true } old)
        {
            _zombies.Add(old);
        }

        _members[slot] = member;
        Feed(member, _random.Between(1, 20), StartedEvent);
        foreach (var coordinator in _coordinators)
        {
            Feed(coordinator, 0, new MemberStarted(member.Id));
        }
    }

    private static readonly string[] Names = [.. Enumerable.Range(0, 9).Select(slot => $"m{slot}")];

    private static string MemberName(int slot) => Names[slot];

    private void BootCoordinator()
    {
        if (_compacts)
        {
            CompactLog();
        }

        var term = ++_storeTerm;
        Terms++;
        var coordinator = new SimCoordinator(new("seed", ++_seedIncarnation), CoordinatorSlot, term, new(term, _durable, _options, new SimPlanner()));
        _coordinators.RemoveAll(old => !old.IsAlive);
        _coordinators.Add(coordinator);
        Step(coordinator, StartedEvent);
        foreach (var member in _members)
        {
            if (member is { IsAlive: true })
            {
                Feed(coordinator, 1, new MemberStarted(member.Id));
            }
        }
    }

    private int Terms { get; set; }

    private void LoseCoordinator(SimCoordinator coordinator)
    {
        if (!coordinator.IsAlive)
        {
            return;
        }

        coordinator.IsAlive = false;
        if (_newest is not null && coordinator.Term == _storeTerm)
        {
            Tell("the newest copy of the log is put back");
            _durable.Clear();
            _durable.AddRange(_newest);
            _newest = null;
            coordinator.Unsynced.Clear(); // would have gone to the older copy
        }

        // What was written and not synced: some of it may have reached the disk, in order.
        while (coordinator.Term == _storeTerm && coordinator.Unsynced.TryDequeue(out var unsynced) && _random.Chance(0.3))
        {
            Endure(unsynced.Record);
        }

        if (!_coordinators.Exists(other => other.IsAlive))
        {
            At(_random.Between(5, 60), () =>
            {
                if (!_coordinators.Exists(other => other.IsAlive))
                {
                    BootCoordinator();
                }
            });
        }
    }

    private void Lose(SimMember member, bool isExitSeen)
    {
        if (!member.IsAlive)
        {
            return;
        }

        member.IsAlive = false;
        Kills++;
        foreach (var coordinator in _coordinators)
        {
            if (isExitSeen)
            {
                Feed(coordinator, _random.Between(1, 5), new MemberGone(member.Id, "exit 137"));
            }
            else if (_random.Chance(0.5))
            {
                Feed(coordinator, _random.Between(1, 5), new MemberDisconnected(member.Id));
            }
        }

        if (_random.Chance(0.6) || _isHealed)
        {
            Restart(member.Slot);
        }
    }

    private void Restart(int slot) => At(_random.Between(10, 100), () =>
    {
        if (slot == _awaySlot && Now < _awayUntil)
        {
            At(_awayUntil - Now, () => Restart(slot));
        }
        else if (_members[slot] is { IsAlive: false } or { IsCutOff: true })
        {
            BootMember(slot);
        }
    });

    private void Submit(int job)
    {
        var spec = new JobSpec
        {
            Name = "job",
            Payload = [(byte)job],
            Ranks = _faults.Ranks,
            MinRanks = _faults.MinRanks,
            TrainSteps = _faults.TrainSteps,
            CheckpointEvery = _faults.CheckpointEvery,
            Granularity = (GrantGranularity)_faults.Granularity,
        };
        Ask(new($"key-{job}", spec, TimeSpan.FromMilliseconds(40), TimeSpan.FromHours(1)), _random.Between(1, 60));
    }

    private void Ask(SubmitterMachine machine, long wait)
    {
        var submitter = new SimSubmitter(new("u" + _submitters.Count, 1), SubmitterSlot, machine);
        _submitters.Add(submitter);
        Feed(submitter, wait, StartedEvent);
    }

    private bool IsOver()
    {
        // Whoever was stopped just before the end comes back as late as it would have; nobody is, where processes only crash.
        if (!_isHealed || Now < _end + (_crashes is null ? LongestPause : 0) + 50)
        {
            return false;
        }

        if (Now > _end + MillisecondsToTheEnd)
        {
            throw new Violation($"L2 {_jobs.Count} of {_faults.Jobs} jobs known, not all over {MillisecondsToTheEnd} ms after the last fault: {string.Join(", ", _jobs.Select(job => job.State))}");
        }

        CheckProgress();
        return _jobs.Count >= _faults.Jobs && _jobs.TrueForAll(job => JobRecord.IsFinal(job.State)) && _submitters.TrueForAll(asker => !asker.IsAlive);
    }
}
