using System.Collections.Immutable;
using System.Globalization;
using ActorRing.Actors;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Rank;

namespace ActorRing.Simulation;

/// <content>What ranks compute, and with whom. A state is a function of job, update and data alone, so that a run with losses must end like one without.</content>
internal sealed partial class World
{
    private readonly Dictionary<RingEpoch, SimRing> _rings = [];
    private readonly Dictionary<(long Job, long StepsDone, RingEpoch Epoch, int Rank), ulong> _shards = [];
    private readonly RingEpoch[] _trained = new RingEpoch[8];
    private readonly int _oddSlot;

    /// <summary>The state of an undisturbed run after a number of updates that leaves the same data out.</summary>
    private ulong Reference(long job, long stepsDone, IReadOnlyList<SkippedWindow> windows)
    {
        var digest = Initial(job);
        for (long step = 0; step < stepsDone; step++)
        {
            digest = Updated(digest, job, PlaceOf(step, windows));
        }

        return digest;
    }

    private static ulong Initial(long job) => SimRandom.Mix((ulong)job + 1_000);

    // The batch is a function of job and place: reading it twice or leaving it out ends in another state.
    private static ulong Updated(ulong digest, long job, long place) => SimRandom.Mix(digest ^ SimRandom.Mix((ulong)((job * 7_919) + place)));

    private long PlaceOf(long step, IReadOnlyList<SkippedWindow> windows) => step + SkippedWindow.Before(windows, new(step), 0, _faults.TrainSteps);

    private bool IsBad(long place) => place >= _faults.BadFrom || _faults.BadPlaces.Contains((int)place);

    private void Compute(SimMember member, Effect effect)
    {
        switch (effect)
        {
            case AbortCommunicators abort:
                Abort(member, abort.Epoch);
                break;
            case PrepareCommunicators prepare:
                Demand(prepare.Epoch == member.Machine.Promised, "S4", $"{member.Id} prepares epoch {prepare.Epoch} and has promised {member.Machine.Promised}");
                Demand(_rings.TryGetValue(prepare.Epoch, out var ring) && ring.Proposal.Members[prepare.Rank.Index] == member.Id, "S12", $"{member.Id} is not rank {prepare.Rank.Index}");
                member.Session = new(ring!, prepare.Rank.Index);
                Feed(member, _random.Between(1, 4), new CommunicatorsPrepared(prepare.Epoch, member.Id.Name));
                break;
            case ConnectCommunicators connect:
                Connect(member, connect);
                break;
            case RestoreCheckpoint { Holders.IsEmpty: false } restore:
                RestoreFromMemory(member, Current(member, restore.Epoch, "restores"), restore);
                break;
            case RestoreCheckpoint restore:
                Restore(member, restore);
                break;
            case Replicate replicate:
                Replicate(member, replicate);
                break;
            case KeepReplicas keep:
                Keep(member, keep);
                break;
            case BeginTrainStep begin:
                Begin(member, begin);
                break;
            case GrantRotation grant:
                Rotate(member, grant);
                break;
            case WriteShard write:
                Write(member, write);
                break;
        }
    }

    private void Abort(SimMember member, RingEpoch epoch)
    {
        if (member.Session is not { } session || session.Ring.Id != epoch)
        {
            return;
        }

        member.Session = null;
        foreach (var peer in session.Ring.Connected)
        {
            if (peer is { IsAlive: true } && peer != member && peer.Session?.Ring == session.Ring && peer.Session.IsComputing && _random.Chance(0.3))
            {
                Feed(peer, _random.Between(1, 5), new WorkFailed(epoch, "the connection to a peer ended"));
            }
        }
    }

    private static SimSession Current(SimMember member, RingEpoch epoch, string what)
    {
        Demand(epoch == member.Machine.Promised && member.Session is { } session && session.Ring.Id == epoch, "S4",
            $"{member.Id} {what} in epoch {epoch} and has promised {member.Machine.Promised}");
        return member.Session!;
    }

    private void Connect(SimMember member, ConnectCommunicators connect)
    {
        var session = Current(member, connect.Epoch, "connects");
        var ring = session.Ring;
        Demand(member.Machine.PlanHash == ring.Proposal.PlanHash, "S4", $"{member.Id} connects with another plan than its epoch's");
        Demand(!member.IsOdd, "S4", $"{member.Id} connects with another library than its peers");
        Demand(connect.Endpoints.Length == ring.Connected.Length && connect.Rank.Index == session.Rank, "S12", "endpoints are not those of the plan");
        Demand((ring.Secret ??= connect.Secret) == connect.Secret, "S12", "two secrets for one epoch");
        Demand(ring.Connected[session.Rank] is null, "S12", $"rank {session.Rank} connects twice");
        ring.Connected[session.Rank] = member;
        if (++ring.ConnectedCount == ring.Connected.Length)
        {
            MeetUp(ring);
        }
    }

    private void MeetUp(SimRing ring)
    {
        if (IsSplit(ring))
        {
            if (ring.Connected.All(peer => peer!.IsAlive && peer.Session?.Ring == ring))
            {
                At(15, () => MeetUp(ring));
            }

            return;
        }

        foreach (var peer in ring.Connected)
        {
            Feed(peer!, _random.Between(1, 4), new CommunicatorsConnected(ring.Id));
        }
    }

    private bool IsSplit(SimRing ring)
    {
        foreach (var one in ring.Connected)
        {
            if (one is null || !one.IsAlive || (one.IsCutOff && !_isHealed) || one.Session?.Ring != ring)
            {
                return true;
            }

            foreach (var other in ring.Connected)
            {
                if (other is not null && _dataCuts[one.Slot, other.Slot])
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void Restore(SimMember member, RestoreCheckpoint restore)
    {
        var session = Current(member, restore.Epoch, "restores");
        session.StepsDone = restore.StepsDone;
        session.Digest = Initial(restore.Job.Number);
        if (restore.StepsDone > 0)
        {
            Demand(_manifests.TryGetValue((restore.Job.Number, restore.StepsDone), out var digest), "S9", $"restores update {restore.StepsDone}, which has no manifest");
            session.Digest = digest;
        }

        if (restore.StepsDone > 0 && (_damaged.Contains((restore.Job.Number, restore.StepsDone)) || (!_isHealed && _random.Chance(_faults.Misread))))
        {
            Run(member, session, _random.Between(2, 12), () => Feed(member, 0, new RestoreFailed(restore.Epoch, "its SHA-256 is another one")));
            return;
        }

        session.Ring.DoneBy[session.Rank] = restore.StepsDone;
        Run(member, session, _random.Between(2, 12), () => Feed(member, 0, new Restored(restore.Epoch, session.StepsDone, new(session.Digest))));
    }

    // On the compute thread of one epoch: not after an abort, not while the process is stopped, never once the thread hangs.
    private void Run(SimMember member, SimSession session, long wait, Action work) => At(wait, () =>
    {
        if (!member.IsAlive || member.Session != session || member.IsHung || member.PausedUntil == SimProcess.Never)
        {
            return;
        }

        if (member.PausedUntil > Now)
        {
            Run(member, session, member.PausedUntil - Now, work);
            return;
        }

        work();
    });

    private void Begin(SimMember member, BeginTrainStep begin)
    {
        var session = Current(member, begin.Epoch, "trains");
        var job = JobOf(session.Ring);
        Demand(begin.Step.Index == session.StepsDone, "S10", $"{member.Id} begins update {begin.Step.Index} on top of {session.StepsDone}");
        for (var rank = 0; rank < session.Ring.ReplicatedBy.Length; rank++)
        {
            Demand(session.Ring.ReplicatedBy[rank] >= session.Ring.Proposal.RestoreFrom, "S7", $"{member.Id} trains before rank {rank} has replicated what it restored");
        }

        Demand(!session.IsComputing, "S10", $"{member.Id} begins an update twice");
        // A rank that was left behind knows of what has been taken back since.
        var committed = session.Ring.Id == _lastIssued ? job.StepsCommitted : job.MostSteps;
        Demand(begin.Step.Index < Math.Max(committed, session.Ring.Proposal.RestoreFrom) + SimSettings.RunAhead, "S15", $"{member.Id} begins update {begin.Step.Index} with {committed} committed");
        session.IsComputing = true;
        session.ArrivedAt = -1;
        session.Units = new RotationUnits(session.Ring.Proposal.Spec.Granularity, 1, session.Ring.Connected.Length).Count;
        (session.Attended, session.Granted, session.Blocks) = (0, 0, 1);
        if (_faults.Profile == Profile.Poison && begin.Step.Index == _faults.TrainSteps / 2)
        {
            Run(member, session, 2, () => Lose(member, isExitSeen: true));
            return;
        }

        if (_faults.IsBroken && member.Slot == _awaySlot && member.Id.Incarnation > 1)
        {
            Run(member, session, 3, () => Feed(member, 0, new WorkFailed(session.Ring.Id, "out of memory")));
            return;
        }

        if (!_isHealed && _random.Chance(_faults.WorkFails))
        {
            Run(member, session, 3, () => Feed(member, 0, new WorkFailed(session.Ring.Id, "out of memory")));
            return;
        }

        if (session.Units > 0)
        {
            Feed(member, 0, new BlockHeld(session.Ring.Id, begin.Step, 0));
            Attend(member, session);
        }
        else
        {
            Run(member, session, _random.Between(2, _faults.StepMilliseconds), () => Arrive(member, session));
        }
    }

    // Attends the resident block if it is there; the last one has no rotation to wait for.
    private void Attend(SimMember member, SimSession session)
    {
        if (session.IsAttending || session.Blocks <= session.Attended)
        {
            return;
        }

        session.IsAttending = true;
        Run(member, session, _random.Between(1, 2), () =>
        {
            session.IsAttending = false;
            if (session.Attended < session.Units)
            {
                Feed(member, 0, new BlockAttended(session.Ring.Id, new(session.StepsDone), session.Attended));
            }

            if (++session.Attended > session.Units)
            {
                Arrive(member, session);
            }
            else
            {
                Attend(member, session);
            }
        });
    }

    private void Rotate(SimMember member, GrantRotation grant)
    {
        var session = Current(member, grant.Epoch, "rotates");
        Demand(session.IsComputing && grant.Step.Index == session.StepsDone && grant.Unit == session.Granted, "S4", $"{member.Id} is granted rotation {grant.Unit} out of turn");
        var ring = session.Ring;
        var previous = ring.Connected[(session.Rank + ring.Connected.Length - 1) % ring.Connected.Length]!;
        var neighbour = previous.Session;
        Demand(neighbour is null || neighbour.Ring != ring || neighbour.StepsDone > session.StepsDone
            || (neighbour.StepsDone == session.StepsDone && neighbour.IsComputing && neighbour.Blocks > grant.Unit), "S4",
            $"{member.Id} is granted rotation {grant.Unit} before {previous.Id} holds the block");
        Demand(session.Attended >= grant.Unit, "S4", $"{member.Id} is granted rotation {grant.Unit} into the buffer that it attends");
        session.Granted++;
        Transfer(member, session);
    }

    private void Transfer(SimMember member, SimSession session) => Run(member, session, 1, () =>
    {
        if (IsSplit(session.Ring))
        {
            // Nothing moves: only an end of the epoch, or of the cut, frees whoever waits here.
            At(15, () => Transfer(member, session));
            return;
        }

        session.Blocks++;
        if (session.Blocks <= session.Units)
        {
            Feed(member, 0, new BlockHeld(session.Ring.Id, new(session.StepsDone), session.Blocks - 1));
        }

        Attend(member, session);
    });

    private void Arrive(SimMember member, SimSession session)
    {
        var ring = session.Ring;
        Demand(!ring.Arrived[session.Rank] && ring.Connected[session.Rank] == member, "S3", $"{member.Id} contributes twice to one update");
        ring.Arrived[session.Rank] = true;
        session.ArrivedAt = Now;
        if (++ring.ArrivedCount == ring.Arrived.Length)
        {
            Reduce(ring);
        }
    }

    private void Reduce(SimRing ring)
    {
        if (IsSplit(ring))
        {
            At(15, () => Reduce(ring));
            return;
        }

        var job = JobOf(ring);
        var number = ring.Proposal.Job.Number;
        if (!ring.Connected.All(member => _fenced.Contains(member!.Id)))
        {
            // Those that are all cut off may go on among themselves: nobody hears of it.
            Demand(ring.Id >= _trained[number], "S1", $"epoch {ring.Id} computes an update after epoch {_trained[number]} has");
            _trained[number] = ring.Id;
        }

        ring.ArrivedCount = 0;
        var step = ring.Connected[0]!.Session!.StepsDone;
        var windows = ring.Proposal.Windows;
        if (IsBad(PlaceOf(step, windows)))
        {
            RollBack(ring, step);
            return;
        }

        var isFinite = !_nextIsNonFinite || _isHealed;
        _nextIsNonFinite = false;
        if (!isFinite)
        {
            ring.NonFinite.Add(step + 1);
        }

        for (var rank = 0; rank < ring.Connected.Length; rank++)
        {
            var member = ring.Connected[rank]!;
            var session = member.Session!;
            Demand(session.StepsDone == step, "S3", $"contributions to update {step} and {session.StepsDone} are added up");
            ring.Arrived[rank] = false;
            session.Digest = Updated(session.Digest, number, PlaceOf(step, windows));
            session.StepsDone++;
            session.IsComputing = false;
            var report = new StepReport(isFinite ? 1.5 : double.NaN, 1, 64, TimeSpan.FromMilliseconds(8), 100, TimeSpan.Zero);
            long wait = !_isHealed && _random.Below(20) == 0 ? _random.Between(5, 60) : _random.Between(0, 2);
            if (_faults.ReportsHops)
            {
                Feed(member, wait, new HopsDone(ring.Id, new(step), Hops(ring, rank, session.Units)));
            }

            Feed(member, wait, new TrainStepDone(ring.Id, session.StepsDone, new(session.Digest), report));
        }
    }

    // All ranks see the same numbers, so all say the same.
    private void RollBack(SimRing ring, long step)
    {
        for (var rank = 0; rank < ring.Connected.Length; rank++)
        {
            var member = ring.Connected[rank]!;
            Demand(member.Session!.StepsDone == step, "S3", $"contributions to update {step} and {member.Session.StepsDone} are added up");
            ring.Arrived[rank] = false;
            member.Session.IsComputing = false;
            Feed(member, _random.Between(0, 3), new WorkFailed(ring.Id, "loss is NaN", FailureKind.RollsBack));
        }
    }

    // One transfer a unit from the neighbour, and one with everybody at the end.
    private static ImmutableArray<HopDone> Hops(SimRing ring, int rank, int units)
    {
        var peer = new GlobalRank((rank + ring.Connected.Length - 1) % ring.Connected.Length);
        var hops = ImmutableArray.CreateBuilder<HopDone>(units + 1);
        for (var unit = 0; unit <= units; unit++)
        {
            hops.Add(new(unit < units ? 1 : 7, peer, 64, TimeSpan.FromMilliseconds(1 + rank), TimeSpan.FromMilliseconds(unit < units ? 0 : 1)));
        }

        ring.TransfersBy[rank] += hops.Count;
        return hops.MoveToImmutable();
    }

    // The compute side says whom it waits for once that lasts.
    private void ReportWait(SimMember member)
    {
        if (member.Session is not { } session || member.IsHung)
        {
            return;
        }

        var ring = session.Ring;
        if (!session.IsComputing && session.CopiesSince >= 0 && Now - session.CopiesSince >= 30)
        {
            var copy = new HopWait(new(session.StepsDone), 0, -1, new(0), false, new(session.CopiesFrom), TimeSpan.FromMilliseconds(Now - session.CopiesSince));
            member.Machine.Handle(new WaitingForPeer(ring.Id, copy), Instant(), _effects);
            return;
        }

        if (!session.IsComputing || session.ArrivedAt < 0 || Now - session.ArrivedAt < 30)
        {
            return;
        }

        for (var rank = 0; rank < ring.Arrived.Length; rank++)
        {
            var peer = ring.Connected[rank];
            if (rank != session.Rank && (!ring.Arrived[rank] || peer is null || (peer.IsCutOff && !_isHealed) || _dataCuts[member.Slot, peer.Slot] || _dataCuts[peer.Slot, member.Slot]))
            {
                var hop = new HopWait(new(session.StepsDone), 0, 0, new(0), false, new(rank), TimeSpan.FromMilliseconds(Now - session.ArrivedAt));
                member.Machine.Handle(new WaitingForPeer(ring.Id, hop), Instant(), _effects);
                return;
            }
        }
    }

    private void Write(SimMember member, WriteShard write)
    {
        var session = Current(member, write.Epoch, "writes a shard");
        Demand(write.StepsDone == session.StepsDone && !session.IsComputing, "S4", $"{member.Id} writes a shard of update {write.StepsDone} in state {session.StepsDone}");
        var digest = session.Digest;
        var isLost = !_isHealed && _random.Chance(_faults.ShardFails);
        Run(member, session, _random.Between(2, 20), () =>
        {
            if (isLost)
            {
                Feed(member, 0, new ShardFailed(write.Epoch, write.StepsDone, "no space left on the disk"));
                return;
            }

            _shards[(write.Job.Number, write.StepsDone, write.Epoch, session.Rank)] = digest;
            Feed(member, 0, new ShardStored(write.Epoch, write.StepsDone, 64, digest.ToString("x16", CultureInfo.InvariantCulture), new(digest)));
        });
    }
}
