using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;

namespace ActorRing.Simulation;

/// <content>What goes wrong, and how everything becomes well again.</content>
internal sealed partial class World
{
    private bool _nextIsNonFinite;
    private int _awaySlot = -1;
    private long _awayUntil;
    private int _requests;
    private int _troubles;
    private readonly IReadOnlyList<int> _skip;

    /// <summary>What has gone wrong at a moment of its own, whether or not it was left out.</summary>
    internal int Troubles { get; private set; }

    private void Fault()
    {
        if (_isHealed)
        {
            return;
        }

        if (_faults.Profile == Profile.Swarm)
        {
            if (!_skip.Contains(Troubles++))
            {
                AnyFault();
            }

            At(_random.Between(1, 2 * _faults.Gap), Fault);
        }
        else if (!OneFault())
        {
            At(_random.Between(1, 20), Fault);
        }
    }

    // True once the profile's trouble has happened as often as it should.
    private bool OneFault()
    {
        var coordinator = Newest();
        var isTraining = coordinator is { Machine.Phase: EpochPhase.Training } && _random.Below(4) == 0;
        switch (_faults.Profile)
        {
            case Profile.CoordinatorOnly when isTraining:
                if (_random.Below(4) == 0)
                {
                    Twin(coordinator!);
                }
                else
                {
                    LoseCoordinator(coordinator!);
                }

                return ++_troubles == 3;
            case Profile.OneLoss or Profile.Elastic when isTraining:
                var rank = _random.Below(coordinator!.Machine.Ranks.Count);
                if (Find(coordinator.Machine.Ranks[rank]!.Id) is SimMember { IsAlive: true } victim)
                {
                    Tell($"{victim.Id} is killed");
                    _troubles++;
                    _lossAt = Now;
                    (_awaySlot, _awayUntil) = _faults.Profile == Profile.Elastic ? (victim.Slot, Now + _random.Between(600, 900)) : (-1, 0);
                    Lose(victim, _random.Chance(_faults.ExitSeen));
                }

                return true;
            case Profile.CutOffSeed when isTraining:
                CutOffSeed();
                return true;
            case Profile.OldLog when isTraining:
                StartOnOldLog(coordinator!);
                return true;
            case Profile.SlowSpare:
                if (isTraining && _faults.Spares > 0 && coordinator!.Machine.Members.FirstOrDefault(member => member.Rank < 0) is { } idle && Find(idle.Id) is SimMember spare)
                {
                    spare.PausedUntil = SimProcess.Never;
                    return true;
                }

                return false;
            case Profile.Poison or Profile.OddMember or Profile.BadData:
                return true;
            default:
                return false;
        }
    }

    private SimCoordinator? Newest() => _coordinators.Count > 0 && _coordinators[^1].IsAlive ? _coordinators[^1] : null;

    private void AnyFault()
    {
        var f = _faults;
        Span<int> weights =
        [
            f.Kill, f.Pause, f.Freeze, f.Hang, f.Cut, f.DataCut, f.Heal, f.CoordinatorCrash, f.Twin, f.Operator, f.Forge, f.Flip, f.NonFinite, f.Drain, f.Replay, f.Damage,
            f.DamageReplica,
        ];
        var sum = 0;
        foreach (var weight in weights)
        {
            sum += weight;
        }

        var draw = _random.Below(sum);
        var kind = 0;
        while (draw >= weights[kind])
        {
            draw -= weights[kind++];
        }

        var victim = _members[_random.Below(_members.Length)];
        var other = _members[_random.Below(_members.Length)];
        if (victim is null || other is null || (!victim.IsAlive && kind is 0 or 1 or 2 or 3 or 11 or 13))
        {
            return;
        }

        Tell($"trouble {kind} at {victim.Id}");
        switch (kind)
        {
            case 0:
                Lose(victim, _random.Chance(f.ExitSeen));
                break;
            case 1:
                victim.PausedUntil = Math.Max(victim.PausedUntil, Now + _random.Between(10, LongestPause));
                break;
            case 2:
                victim.PausedUntil = SimProcess.Never;
                break;
            case 3:
                victim.IsHung = true;
                break;
            case 4:
                var slot = _random.Below(2) == 0 ? CoordinatorSlot : other.Slot;
                _cuts[victim.Slot, slot] = true;
                _cuts[slot, victim.Slot] |= _random.Below(2) == 0;
                break;
            case 5:
                _dataCuts[victim.Slot, other.Slot] = victim != other;
                break;
            case 6:
                Array.Clear(_cuts);
                Array.Clear(_dataCuts);
                break;
            case 7:
                if (Newest() is { } seed)
                {
                    LoseCoordinator(seed);
                }

                break;
            case 8:
                if (Newest() is { } zombie)
                {
                    Twin(zombie);
                }

                break;
            case 9:
                Operate();
                break;
            case 10:
                Forge(victim);
                break;
            case 11 when victim.Session is { Ring.Connected.Length: > 1 } session:
                session.Digest ^= _random.Next();
                break;
            case 12:
                _nextIsNonFinite = true;
                break;
            case 13 when _random.Below(2) == 0:
                Feed(victim, 0, new DrainRequested());
                break;
            case 13:
                Ask(new(new DrainMember($"request-{_requests++}", victim.Id.Name), TimeSpan.FromMilliseconds(40), TimeSpan.FromHours(1)), 1);
                break;
            case 14:
                ReplayOld();
                break;
            case 15:
                Damage();
                break;
            case 16:
                DamageReplica(victim);
                break;
        }
    }

    // Newest first: an older one matters only where a newer one is gone.
    private void Damage()
    {
        if (_jobs.Count == 0)
        {
            return;
        }

        var job = _jobs[_random.Below(_jobs.Count)];
        var count = _random.Between(1, 3);
        foreach (var stepsDone in job.Checkpoints.Reverse().Take(count))
        {
            Tell($"the TrainingCheckpoint of update {stepsDone} of job {job.Number} goes bad");
            _damaged.Add((job.Number, stepsDone));
        }
    }

    // For longer than any lease, and not so long that it must be believed.
    private void CutOffSeed()
    {
        Tell("nobody reaches the seed");
        for (var slot = 0; slot < _members.Length; slot++)
        {
            (_cuts[slot, CoordinatorSlot], _cuts[CoordinatorSlot, slot]) = (true, true);
        }

        At(_random.Between(SimSettings.LeaseMilliseconds + 30, SimSettings.IsolationMilliseconds - 50), () => Array.Clear(_cuts));
    }

    // The old one is stopped, taken for dead, replaced, and comes back as if nothing had happened.
    private void Twin(SimCoordinator coordinator)
    {
        coordinator.PausedUntil = Now + _random.Between(0, 200);
        BootCoordinator();
    }

    private void Operate()
    {
        if (_jobs.Count == 0)
        {
            return;
        }

        var job = _random.Below(_jobs.Count) + 1;
        var verb = _random.Below(16) switch { < 6 => JobVerb.Pause, < 11 => JobVerb.Resume, < 15 => JobVerb.Checkpoint, _ => JobVerb.Cancel };
        Control(job, verb);
        if (verb == JobVerb.Cancel || _random.Below(8) == 0)
        {
            Control(job, JobVerb.Resume);
        }
    }

    private void Control(long job, JobVerb verb) =>
        Ask(new(new ControlJob($"request-{_requests++}", new(job), verb), TimeSpan.FromMilliseconds(40), TimeSpan.FromHours(1)), _random.Between(0, 30));

    // A member that is no rank speaks as if it were one.
    private void Forge(SimMember member)
    {
        if (Newest() is not { Machine.Phase: EpochPhase.Training } coordinator || _jobs.Count == 0)
        {
            return;
        }

        var epoch = coordinator.Machine.Epoch;
        var ring = _rings[epoch];
        if (ring.Proposal.Members.Contains(member.Id))
        {
            return;
        }

        var job = ring.Proposal.Job.Number;
        for (var ahead = 1; ahead <= ring.Connected.Length; ahead++)
        {
            var step = JobOf(ring).StepsCommitted + ahead;
            var report = new StepReport(1, 1, 64, TimeSpan.Zero, 0, TimeSpan.Zero);
            Feed(coordinator, ahead, new Received(member.Sender, new TrainStepCompleted(epoch, step, new(Reference(job, step, ring.Proposal.Windows)), report)));
        }
    }

    private void HealAll()
    {
        _isHealed = true;
        Tell("all is well from here on");
        Array.Clear(_cuts);
        Array.Clear(_dataCuts);
        foreach (var member in _members)
        {
            if (member is { PausedUntil: not SimProcess.Never })
            {
                member.PausedUntil = Now;
            }
        }

        foreach (var zombie in _zombies)
        {
            zombie.PausedUntil = zombie.PausedUntil == SimProcess.Never ? SimProcess.Never : Now;
        }

        for (var slot = 0; slot < _members.Length; slot++)
        {
            if (_members[slot] is { IsAlive: false } or { IsCutOff: true })
            {
                Restart(slot);
            }
        }

        foreach (var coordinator in _coordinators)
        {
            coordinator.PausedUntil = Math.Min(coordinator.PausedUntil, Now);
        }

        At(10, ResumePaused);
    }

    private void ResumePaused()
    {
        foreach (var job in _jobs)
        {
            if (job.State is JobState.Paused or JobState.Pausing)
            {
                Control(job.Number, JobVerb.Resume);
            }
        }

        At(150, ResumePaused);
    }
}
