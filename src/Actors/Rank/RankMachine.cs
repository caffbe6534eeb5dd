using System.Collections.Immutable;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Rank;

// Invariants:
//  1. The promised epoch never decreases; only the epoch last promised has a life here, and once over it has none again.
//  2. What belongs to another epoch, messages and results alike, is dropped and counted.
//  3. Terms never decrease; whoever speaks for a lower one is told so.
//  4. No update begins before all ranks are released, beyond the run-ahead, behind a stop, or while the coordinator is silent.
//  5. No update is reported before its state is in a second memory, and nothing is given up of the newest one that is known to be committed.
//  6. What was reported is reported again until a heartbeat of the coordinator shows that it is known.

/// <summary>One member process: idle, or one rank of one epoch. Decides, never acts: a host carries out its effects.</summary>
/// <remarks>Not for several threads. The same events at the same instants give the same effects, in every process.</remarks>
public sealed partial class RankMachine
{
    private readonly MemberId _self;
    private readonly RankOptions _options;
    private readonly IPlanner _planner;
    private readonly RankReplicas _replicas = new();
    private RankEpoch? _epoch;
    private long _coordinatorSequence;
    private MemberId? _coordinator;
    private Instant _heard;
    private Instant _nextBeat;
    private long _sequence;
    private long _progress;
    private long _summaries;
    private bool _isLeaving;

    /// <summary>A member that has not heard of anybody.</summary>
    /// <param name="self">This process.</param>
    /// <param name="options">Settings.</param>
    /// <param name="planner">Makes this rank's own plans.</param>
    public RankMachine(MemberId self, RankOptions options, IPlanner planner)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(planner);
        _self = self;
        _options = options;
        _planner = planner;
    }

    /// <summary>The epoch that it will not go back behind.</summary>
    public RingEpoch Promised { get; private set; }

    /// <summary>Highest term heard of.</summary>
    public long Term { get; private set; }

    /// <summary>Where it is in the promised epoch.</summary>
    public RankPhase Phase => _epoch?.Phase ?? RankPhase.Idle;

    /// <summary>The rank that it holds in that epoch; null without one.</summary>
    public GlobalRank? Rank => _epoch?.Rank;

    /// <summary>Hash of the plan in force; null without one.</summary>
    public string? PlanHash => _epoch?.Plan?.Hash;

    /// <summary>Updates applied in the state of the epoch.</summary>
    public long StepsDone => _epoch?.StepsDone ?? 0;

    /// <summary>Messages and results of other epochs or terms that were dropped.</summary>
    public long Dropped { get; private set; }

    /// <summary>Reports kept for sending again; at most the run-ahead and a few shards.</summary>
    public int KeptReports => _epoch is null ? 0 : _epoch.Reports.Steps + _epoch.Reports.Shards;

    /// <summary>Parts of states that this process has in memory.</summary>
    public int KeptReplicas => _replicas.Count;

    /// <summary>Takes one event.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">Never before that of an earlier call.</param>
    /// <param name="effects">What to do about it, behind what is there.</param>
    /// <returns>Why something changed, in one line; null if nothing worth a line did.</returns>
    public string? Handle(MachineEvent input, Instant now, Outbox effects)
    {
        ArgumentNullException.ThrowIfNull(effects);
        switch (input)
        {
            case Started:
                _heard = now;
                Beat(now, effects);
                return null;
            case WakeUp:
                return Tick(now, effects);
            case Received received:
                return Receive(received, now, effects);
            case DrainRequested:
                _isLeaving = true;
                Beat(now, effects);
                return "asked to leave: finishes what is in hand";
            case ReplicaDamaged damaged:
                _replicas.Drop(damaged.Part);
                return damaged.Text;
            case WorkNoted noted when noted.Epoch == _epoch?.Id:
                return noted.Text;
            default:
                return Result(input, now, effects);
        }
    }

    private string? Tick(Instant now, Outbox effects)
    {
        if (now < _nextBeat)
        {
            effects.Add(new WakeAt(_nextBeat));
            return null;
        }

        if (now - _heard > _options.OrphanLimit)
        {
            return Exit(false, "no coordinator for too long", effects);
        }

        if (_epoch is { Phase: RankPhase.Training or RankPhase.Parked } epoch)
        {
            ReportLateHop(epoch, now, effects);
            if (epoch.IsStepInHand && epoch.Gate.Held > 0)
            {
                TellNeighbour(epoch, epoch.Gate.Held - 1, effects);
            }

            WriteAgain(epoch, now, effects);
            Advance(epoch, now, effects);
        }

        Beat(now, effects);
        return null;
    }

    private void Beat(Instant now, Outbox effects)
    {
        _nextBeat = now + _options.HeartbeatEvery;
        effects.Add(new WakeAt(_nextBeat));
        if (_coordinator is not null && now - _heard <= 2 * _options.HeartbeatEvery)
        {
            Tell(Hello(now), effects);
        }
        else
        {
            // It may have moved: whoever is the seed now wants to know of this member.
            effects.Add(new SendToSeed(Hello(now)));
        }

        if (_epoch is not null)
        {
            ReportAgain(_epoch, effects);
            Summarise(_epoch, now, effects);
        }
    }

    // Also when nothing is new: the one before may have been lost, or sent to another coordinator.
    private void Summarise(RankEpoch epoch, Instant now, Outbox effects)
    {
        if (epoch.Tallies.Count > 0 && now >= epoch.NextSummary)
        {
            epoch.NextSummary = now + _options.SummaryEvery;
            Tell(new HopSummary(epoch.Id, ++_summaries, epoch.HopDeadline, epoch.Tallies.Rows()), effects);
        }
    }

    private MemberHello Hello(Instant now) => new(++_sequence, Term, _options.Fingerprint, Promised, Phase, _epoch?.Acknowledged ?? 0, StepsDone, _progress,
        _isLeaving, _epoch is null ? null : Waiting(_epoch, now), _replicas.All, _options.IsReserve);

    private void Tell(Message message, Outbox effects)
    {
        if (_coordinator is { } coordinator)
        {
            effects.Send(coordinator, message);
        }
        else
        {
            effects.Add(new SendToSeed(message));
        }
    }

    private void ReportAgain(RankEpoch epoch, Outbox effects)
    {
        switch (epoch.Phase)
        {
            case RankPhase.Answered:
                Tell(epoch.Answer!, effects);
                break;
            case RankPhase.Ready:
                Tell(epoch.Ready!, effects);
                break;
            case RankPhase.Failed:
                Tell(epoch.Failure!, effects);
                break;
            case RankPhase.Training or RankPhase.Parked when _options.Mutation != Mutation.ReportOnce:
                for (var at = 0; at < epoch.Reports.Steps; at++)
                {
                    Tell(epoch.Reports.Step(at), effects);
                }

                for (var at = 0; at < epoch.Reports.Shards; at++)
                {
                    Tell(epoch.Reports.Shard(at), effects);
                }

                if (epoch.Unwritten is { } unwritten && !epoch.IsWritingAgain)
                {
                    Tell(unwritten, effects);
                }

                break;
        }
    }

    private string? Receive(Received received, Instant now, Outbox effects)
    {
        var (from, message) = (received.From, received.Message);
        if (message is KvBlockReady ready)
        {
            return NeighbourReady(from.Member, ready, now, effects);
        }

        if (from.Role != Role.Coordinator)
        {
            Dropped++;
            return null;
        }

        switch (message)
        {
            case CoordinatorHello hello when IsOfTerm(from.Member, hello.Term, now, effects):
                return CoordinatorSays(hello, now, effects);
            case ProposePlan propose when IsOfTerm(from.Member, propose.Term, now, effects):
                return Propose(propose, effects);
            case StartEpoch start when IsOfTerm(from.Member, start.Term, now, effects):
                return Connect(start, effects);
            case EndEpoch end when IsOfTerm(from.Member, end.Term, now, effects):
                return End(end, now, effects);
            case ReleaseMember release when IsOfTerm(from.Member, release.Term, now, effects) && release.Member == _self:
                return Exit(release.IsClean, release.Reason, effects);
            default:
                return null;
        }
    }

    private bool IsOfTerm(MemberId from, long term, Instant now, Outbox effects)
    {
        if (term < Term && _options.Mutation != Mutation.ObeyAnyTerm)
        {
            Dropped++;
            effects.Send(from, new StaleTerm(Term));
            return false;
        }

        _heard = now;
        if (term > Term)
        {
            // A new coordinator knows nothing of this rank: it is told at once, not at the next heartbeat.
            Term = term;
            _coordinator = from;
            _coordinatorSequence = 0;
            Beat(now, effects);
        }

        return true;
    }

    private string? CoordinatorSays(CoordinatorHello hello, Instant now, Outbox effects)
    {
        if (hello.Sequence <= _coordinatorSequence)
        {
            Dropped++;
            return null;
        }

        _coordinatorSequence = hello.Sequence;
        if (_epoch is not { } epoch || hello.Epoch != epoch.Id)
        {
            return hello.Epoch > Promised && _epoch is not null ? EndLife("there is a later epoch", effects, now) : null;
        }

        epoch.Acknowledged = Math.Max(epoch.Acknowledged, hello.StepsCommitted);
        epoch.Reports.Acknowledge(epoch.Acknowledged, hello.CheckpointCommitted);
        epoch.Unwritten = epoch.Unwritten?.StepsDone <= hello.CheckpointCommitted ? null : epoch.Unwritten;
        Keep(epoch.Proposal.Job, _options.Mutation == Mutation.EvictUncommitted ? epoch.StepsDone : epoch.Acknowledged, long.MaxValue, effects);
        epoch.CheckpointAt = hello.CheckpointAt;
        epoch.StopAfter = hello.StopAfter;
        epoch.IsReleased |= hello.Phase == EpochPhase.Training;
        if (epoch.Phase == RankPhase.Ready && epoch.IsReleased)
        {
            epoch.Phase = RankPhase.Parked;
        }

        Snapshot(epoch, effects);
        Advance(epoch, now, effects);
        return null;
    }

    private string? Propose(ProposePlan propose, Outbox effects)
    {
        if (propose.Epoch < Promised && _options.Mutation != Mutation.BreakPromise)
        {
            Dropped++;
            return null;
        }

        if (propose.Epoch == Promised)
        {
            if (_epoch is { Answer: { } known, Phase: RankPhase.Answered })
            {
                Tell(known, effects);
            }

            return null;
        }

        var place = propose.Members.IndexOf(_self);
        EndLife("a later epoch is proposed", effects);
        Promised = propose.Epoch;
        if (place < 0)
        {
            return Text.Of($"epoch {propose.Epoch} has no place for this member");
        }

        return Promise(propose, new(place), effects);
    }

    private string Promise(ProposePlan propose, GlobalRank rank, Outbox effects)
    {
        PreparedPlan? plan = null;
        var refusal = "";
        try
        {
            plan = _planner.Plan(propose.Spec, propose.Members.Length);
        }
        catch (PlanException flaw)
        {
            refusal = flaw.Message;
        }

        var epoch = _epoch = new(propose, rank, plan);
        if (plan is null || plan.Hash != propose.PlanHash)
        {
            // Nothing is prepared: with another plan not one byte may move.
            epoch.Answer = new(propose.Epoch, plan?.Hash ?? "", _options.Fingerprint, "", plan?.DifferenceFrom(propose.PlanBytes.AsSpan()), refusal);
            epoch.Phase = RankPhase.Answered;
            Tell(epoch.Answer, effects);
            return Text.Of($"epoch {propose.Epoch}: this rank's plan is another one");
        }

        effects.Add(new PrepareCommunicators(propose.Epoch, rank, propose.Spec, plan));
        return Text.Of($"promised epoch {propose.Epoch} as rank {rank.Index}");
    }

    private string? Connect(StartEpoch start, Outbox effects)
    {
        if (_epoch is not { Phase: RankPhase.Answered } epoch || epoch.Id != start.Epoch || epoch.Plan?.Hash != epoch.Proposal.PlanHash)
        {
            Dropped++;
            return null;
        }

        epoch.Phase = RankPhase.Connecting;
        effects.Add(new ConnectCommunicators(epoch.Id, epoch.Rank, start.Endpoints, start.Secret));
        return null;
    }

    private string? End(EndEpoch end, Instant now, Outbox effects)
    {
        if (end.Epoch < Promised)
        {
            Dropped++;
            return null;
        }

        // Its proposal may still be under way: an epoch that is over must not begin here.
        Promised = end.Epoch;
        if (end.Cause == EpochEnd.Operator && _epoch is { Phase: RankPhase.Training or RankPhase.Parked } own && own.Id == end.Epoch)
        {
            // The job is over, or a TrainingCheckpoint has all of it.
            Keep(default, 0, 0, effects);
        }

        return _epoch is null ? null : EndLife(end.Reason, effects, now);
    }

    private void Keep(JobId job, long from, long to, Outbox effects)
    {
        if (_replicas.Keep(job, from, to))
        {
            effects.Add(new KeepReplicas(job, from, to));
        }
    }

    private string? EndLife(string reason, Outbox effects, Instant? tellsAt = null)
    {
        if (_epoch is not { } epoch)
        {
            return null;
        }

        effects.Add(new AbortCommunicators(epoch.Id));
        _epoch = null;
        if (tellsAt is { } now)
        {
            // What is in memory changes no more: the coordinator may wait for this before it decides from where to go on.
            Beat(now, effects);
        }

        return Text.Of($"epoch {epoch.Id} is over: {reason}");
    }

    private string Exit(bool isClean, string reason, Outbox effects)
    {
        EndLife(reason, effects);
        effects.Add(new ExitProcess(isClean, reason));
        return reason;
    }

    private string? Result(MachineEvent input, Instant now, Outbox effects)
    {
        var of = EpochOf(input);
        if (_epoch is not { } epoch || (of != epoch.Id && _options.Mutation != Mutation.ApplyOldResults))
        {
            Dropped++;
            return null;
        }

        if (input is HopsDone hops)
        {
            for (var at = 0; at < Math.Min(hops.Hops.Length, HopsDone.MostHops); at++)
            {
                epoch.Tallies.Add(hops.Hops[at]);
            }

            return null;
        }

        _progress++;
        epoch.Transfer = null;
        switch (input)
        {
            case CommunicatorsPrepared prepared when epoch.Phase == RankPhase.Preparing:
                epoch.Phase = RankPhase.Answered;
                epoch.HopDeadline = prepared.HopDeadline ?? _options.HopDeadline;
                epoch.Answer = new(epoch.Id, epoch.Plan!.Hash, _options.Fingerprint, prepared.Endpoint, null, "");
                Tell(epoch.Answer, effects);
                return null;
            case CommunicatorsConnected when epoch.Phase == RankPhase.Connecting:
                epoch.Phase = RankPhase.Restoring;
                var proposal = epoch.Proposal;
                effects.Add(new RestoreCheckpoint(epoch.Id, proposal.Job, proposal.Spec, proposal.RestoreFrom, epoch.Rank, proposal.Members.Length, proposal.Holders,
                    proposal.Windows));
                return null;
            case Restored restored when epoch.Phase == RankPhase.Restoring:
                epoch.StepsDone = restored.StepsDone;
                epoch.Restored = restored.Digest;
                Keep(epoch.Proposal.Job, restored.StepsDone, restored.StepsDone, effects);
                effects.Add(new Replicate(epoch.Id, epoch.Proposal.Job, restored.StepsDone, restored.Digest));
                if (_options.Mutation == Mutation.ReadyBeforeReplica)
                {
                    BecomeReady(epoch, effects);
                }

                return null;
            case Replicated replicated:
                TakeReplicas(epoch, replicated, now, effects);
                return null;
            case RestoreFailed failed when epoch.Phase == RankPhase.Restoring:
                epoch.Phase = RankPhase.Failed;
                epoch.Failure = new CheckpointUnreadable(epoch.Id, epoch.Proposal.RestoreFrom, failed.Text);
                Tell(epoch.Failure, effects);
                return failed.Text;
            case BlockHeld held when IsInHand(epoch, held.Step):
                if (epoch.Gate.Hold(held.Unit))
                {
                    TellNeighbour(epoch, held.Unit, effects);
                }

                return null;
            case BlockAttended attended when IsInHand(epoch, attended.Step):
                epoch.Gate.Attended(attended.Unit);
                Grant(epoch, now, effects);
                return null;
            case TrainStepDone done when epoch.IsStepInHand || _options.Mutation == Mutation.ApplyOldResults:
                return Finish(epoch, done, now, effects);
            case ShardStored stored:
                SeeStored(epoch, stored, effects);
                return null;
            case ShardFailed failed:
                return SeeUnwritten(epoch, failed, now, effects);
            case WorkFailed failed:
                epoch.Phase = RankPhase.Failed;
                epoch.IsStepInHand = false;
                epoch.Failure = new RankFailed(epoch.Id, new(epoch.StepsDone), failed.Kind, failed.Text);
                Tell(epoch.Failure, effects);
                return failed.Text;
            case WaitingForPeer waiting when epoch.IsBusy:
                // Standing still is no progress of one's own.
                _progress--;
                epoch.Transfer = waiting.Hop;
                epoch.WaitsSince = now + -waiting.Hop.Waited;
                return null;
            case WorkProgressed:
                epoch.WaitsSince = epoch.Gate.WaitsForNeighbour ? epoch.WaitsSince : null;
                return null;
            default:
                return null;
        }
    }

    private string? Finish(RankEpoch epoch, TrainStepDone done, Instant now, Outbox effects)
    {
        epoch.IsStepInHand = false;
        epoch.WaitsSince = null;
        epoch.StepsDone = done.StepsDone;
        epoch.Unreplicated.Enqueue(new(epoch.Id, done.StepsDone, done.Digest, done.Report));
        effects.Add(new Replicate(epoch.Id, epoch.Proposal.Job, done.StepsDone, done.Digest));
        if (_options.Mutation == Mutation.ReportBeforeReplica)
        {
            Report(epoch, epoch.Unreplicated.Dequeue(), effects);
        }

        Snapshot(epoch, effects);
        Advance(epoch, now, effects);
        return null;
    }

    private void Report(RankEpoch epoch, TrainStepCompleted report, Outbox effects)
    {
        epoch.Reports.Add(report);
        Tell(report, effects);
    }

    private void BecomeReady(RankEpoch epoch, Outbox effects)
    {
        epoch.Phase = RankPhase.Ready;
        epoch.Ready = new(epoch.Id, epoch.StepsDone, epoch.Restored!.Value);
        epoch.Restored = null;
        Tell(epoch.Ready, effects);
    }

    private void TakeReplicas(RankEpoch epoch, Replicated replicated, Instant now, Outbox effects)
    {
        foreach (var part in replicated.Parts)
        {
            _replicas.Hold(new(epoch.Proposal.Job, replicated.StepsDone, replicated.Digest, epoch.Proposal.Members.Length, part));
        }

        epoch.WaitsSince = epoch.Gate.WaitsForNeighbour ? epoch.WaitsSince : null;
        if (epoch.Phase == RankPhase.Restoring && epoch.Restored is not null)
        {
            BecomeReady(epoch, effects);
            return;
        }

        while (epoch.Unreplicated.TryPeek(out var report) && report.StepsDone <= replicated.StepsDone)
        {
            Report(epoch, epoch.Unreplicated.Dequeue(), effects);
        }

        Advance(epoch, now, effects);
    }

    private void Advance(RankEpoch epoch, Instant now, Outbox effects)
    {
        if (epoch.Phase is not (RankPhase.Training or RankPhase.Parked) || epoch.IsStepInHand)
        {
            return;
        }

        var isAllowed = epoch.IsReleased
            && epoch.StepsDone < epoch.Proposal.Spec.TrainSteps
            && (epoch.StopAfter == 0 || epoch.StepsDone < epoch.StopAfter)
            && (epoch.StepsDone < epoch.Acknowledged + _options.RunAhead || _options.Mutation == Mutation.RunAheadUnbounded)
            && now - _heard <= _options.CoordinatorLease;
        epoch.Phase = isAllowed || epoch.Unreplicated.Count > 0 ? RankPhase.Training : RankPhase.Parked;
        if (!isAllowed)
        {
            return;
        }

        epoch.IsStepInHand = true;
        var step = new TrainStep(epoch.StepsDone);
        epoch.Gate.Begin(step, epoch.Units.Count);
        effects.Add(new BeginTrainStep(epoch.Id, step));
        Grant(epoch, now, effects);
    }

    private string? NeighbourReady(MemberId from, KvBlockReady ready, Instant now, Outbox effects)
    {
        if (_epoch is not { } epoch || ready.Epoch != epoch.Id || epoch.Proposal.Members[epoch.Previous.Index] != from)
        {
            Dropped++;
            return null;
        }

        if (!IsInHand(epoch, ready.Step))
        {
            // A neighbour that is ahead; the gate keeps its word for the update that it speaks of.
            epoch.Gate.NeighbourIsAhead(ready.Step, ready.Unit);
            return null;
        }

        epoch.Gate.NeighbourReady(ready.Unit);
        Grant(epoch, now, effects);
        return null;
    }

    private static bool IsInHand(RankEpoch epoch, TrainStep step) => epoch.IsStepInHand && epoch.Gate.Step == step;

    private void Grant(RankEpoch epoch, Instant now, Outbox effects)
    {
        while (epoch.Gate.TryGrant(_options.Mutation == Mutation.GrantEarly, out var unit))
        {
            effects.Add(new GrantRotation(epoch.Id, epoch.Gate.Step, unit));
            epoch.WaitsSince = null;
        }

        if (epoch.Gate.WaitsForNeighbour)
        {
            epoch.WaitsSince ??= now;
        }
    }

    private static void TellNeighbour(RankEpoch epoch, int unit, Outbox effects) =>
        effects.Send(epoch.Proposal.Members[epoch.Next.Index], new KvBlockReady(epoch.Id, epoch.Gate.Step, unit));

    private void ReportLateHop(RankEpoch epoch, Instant now, Outbox effects)
    {
        if (Waiting(epoch, now) is { } hop && hop.Waited > _options.HopDeadline)
        {
            Tell(new HopOverdue(epoch.Id, hop), effects);
        }
    }

    private static HopWait? Waiting(RankEpoch epoch, Instant now)
    {
        if (!epoch.IsBusy || epoch.WaitsSince is not { } since)
        {
            return null;
        }

        if (epoch.IsStepInHand && epoch.Gate.WaitsForNeighbour)
        {
            var (layer, ringStep, isBackward) = epoch.Units.Place(epoch.Gate.Granted);
            return new(epoch.Gate.Step, epoch.Gate.Granted, layer, ringStep, isBackward, epoch.Previous, now - since);
        }

        return epoch.Transfer is { } transfer ? transfer with { Waited = now - since } : null;
    }

    private static RingEpoch EpochOf(MachineEvent input) => input switch
    {
        CommunicatorsPrepared x => x.Epoch,
        CommunicatorsConnected x => x.Epoch,
        Restored x => x.Epoch,
        RestoreFailed x => x.Epoch,
        BlockHeld x => x.Epoch,
        BlockAttended x => x.Epoch,
        TrainStepDone x => x.Epoch,
        Replicated x => x.Epoch,
        ShardStored x => x.Epoch,
        ShardFailed x => x.Epoch,
        WorkFailed x => x.Epoch,
        WorkProgressed x => x.Epoch,
        WaitingForPeer x => x.Epoch,
        HopsDone x => x.Epoch,
        _ => RingEpoch.None,
    };
}
