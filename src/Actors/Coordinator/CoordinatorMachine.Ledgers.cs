using System.Collections.Immutable;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <content>What ranks report, what becomes durable, and what stands still.</content>
public sealed partial class CoordinatorMachine
{
    private string? HearRank(MemberId from, Message message, Instant now, Outbox effects)
    {
        var record = _members.Find(from);
        if (_epoch is not { } epoch)
        {
            return null;
        }

        var rank = record is { IsUp: true } ? record.Rank : -1;
        if (message is TrainStepCompleted believed && rank < 0 && _options.Mutation == Mutation.CommitFromAnybody)
        {
            rank = (int)(believed.StepsDone % epoch.Ranks);
        }

        if (rank < 0)
        {
            return null;
        }

        switch (message)
        {
            case PlanAnswer answer when answer.Epoch == epoch.Id:
                return HearAnswer(epoch, rank, answer, now, effects);
            case RankReady ready when ready.Epoch == epoch.Id:
                return HearReady(epoch, rank, ready, now, effects);
            case TrainStepCompleted report when epoch.Phase == EpochPhase.Training && (report.Epoch == epoch.Id || _options.Mutation == Mutation.CommitOfAnyEpoch):
                return HearStep(epoch, rank, report, now, effects);
            case ShardWritten shard when shard.Epoch == epoch.Id && epoch.Phase == EpochPhase.Training:
                _uncommitted = Math.Max(_uncommitted, shard.StepsDone);
                if (shard.StepsDone > epoch.Job.CheckpointCommitted)
                {
                    epoch.Shards.Report(rank, shard);
                    var flaw = AskForManifest(epoch, now, effects);
                    SettleFailures(effects);
                    return flaw;
                }

                return null;
            case ShardUnwritten unwritten when unwritten.Epoch == epoch.Id && epoch.Phase == EpochPhase.Training && unwritten.StepsDone > epoch.Job.CheckpointCommitted
                && !epoch.Shards.Has(rank, unwritten.StepsDone):
                return HearUnwritten(epoch, rank, unwritten, now, effects);
            case RankFailed failed when failed.Epoch == epoch.Id:
                return HearFailure(epoch, record!, failed, now, effects);
            case CheckpointUnreadable unreadable when unreadable.Epoch == epoch.Id && epoch.Phase == EpochPhase.Starting && unreadable.StepsDone == epoch.Issued.RestoreFrom:
                return HearUnreadable(epoch, Text.Of($"rank {rank} ({from}) cannot load update {unreadable.StepsDone}: {unreadable.Text}"), now, effects);
            case HopOverdue overdue when overdue.Epoch == epoch.Id && epoch.Phase == EpochPhase.Training:
                epoch.Hops.Report(rank, overdue.Hop, now);
                if (epoch.Hops[rank] == overdue.Hop)
                {
                    NoteLate(epoch, epoch.Hops.Follow(rank), now);
                }

                return null;
            case HopSummary summary when summary.Epoch == epoch.Id:
                if (summary.Sequence > (epoch.Summaries[rank]?.Sequence ?? 0) || _options.Mutation == Mutation.BelieveOldSummaries)
                {
                    epoch.Summaries[rank] = summary;
                }

                return null;
            default:
                return null;
        }
    }

    private string? HearFailure(EpochRun epoch, MemberRecord record, RankFailed failed, Instant now, Outbox effects)
    {
        var text = Text.Of($"rank {record.Rank} ({record.Id}) at update {failed.Step.Index}: {failed.Text}");
        switch (failed.Kind)
        {
            case FailureKind.JobStops:
                // Its end ends the epoch, once it is on the disk; until then the rank says so again.
                return JobRecord.IsFinal(_log.StateOf(epoch.Job)) || _log.IsFull ? null : Fail(epoch.Job, text, effects);
            case FailureKind.RollsBack:
                return RollBack(epoch, failed.Step, text, now, effects);
            case FailureKind.NonFinite:
                return EndCurrent(EpochEnd.NonFinite, text, now, effects);
            case FailureKind.StateCorrupt:
                if (++record.Corruptions > 1)
                {
                    GiveUp(record, EpochEnd.StateCorrupt, text, isGone: false, effects);
                }

                return EndCurrent(EpochEnd.StateCorrupt, text, now, effects);
            default:
                return EndCurrent(EpochEnd.RankFailure, text, now, effects);
        }
    }

    private string? HearStep(EpochRun epoch, int rank, TrainStepCompleted report, Instant now, Outbox effects)
    {
        if (epoch.Members[rank] is { } reporter)
        {
            reporter.ProgressAt = now;
        }

        epoch.Hops.Forget(rank, report.StepsDone);
        var flaw = epoch.Steps.Report(rank, report);
        if (flaw != EpochEnd.None)
        {
            return EndCurrent(flaw, Text.Of($"rank {rank} after update {report.StepsDone}: loss {report.Report.Loss}, gradient norm {report.Report.GradientNorm}, digest {report.Digest.Value:x16}"),
                now, effects);
        }

        epoch.LongestStep = report.Report.Elapsed > epoch.LongestStep ? report.Report.Elapsed : epoch.LongestStep;
        string? reason = null;
        while (_epoch == epoch && epoch.Steps.Ready() is { } agreed)
        {
            if (JobRecord.IsFinal(_log.StateOf(epoch.Job)) || _log.IsFull)
            {
                return null;
            }

            reason = Commit(epoch, agreed, now, effects) ?? reason;
        }

        return reason;
    }

    private string? Commit(EpochRun epoch, TrainStepCompleted agreed, Instant now, Outbox effects)
    {
        var isRepeated = agreed.StepsDone <= LastAppended(epoch.Job);
        if (isRepeated && epoch.Job.DigestAfter(agreed.StepsDone) is { } known && known != agreed.Digest && _options.Mutation != Mutation.CommitWithoutComparing)
        {
            return EndCurrent(EpochEnd.DigestMismatch, Text.Of($"update {agreed.StepsDone} ended in another state than when it was committed"), now, effects);
        }

        var slow = WatchStragglers(epoch, agreed.StepsDone, effects);
        ImmutableArray<StepReport> reports = [.. epoch.Steps.Reports];
        epoch.Steps.Agree();
        if (!isRepeated)
        {
            _log.Append(new StepCommitted(epoch.Job.Id, epoch.Id, agreed.StepsDone, agreed.Digest, agreed.Report), effects);
        }

        effects.Add(new Publish(new StepRow(epoch.Job.Id, epoch.Id, agreed.StepsDone, isRepeated, agreed.Report) { Ranks = reports }));
        if (isRepeated || _options.Mutation == Mutation.AnnounceBeforeLog)
        {
            Announce(effects, everybody: false);
            return AskForManifest(epoch, now, effects) ?? slow;
        }

        return slow;
    }

    private long LastAppended(JobRecord job) => Math.Max(job.StepsCommitted, _log.LastStepOf(job.Id));

    private string? AskForManifest(EpochRun epoch, Instant now, Outbox effects)
    {
        var entry = epoch.Shards.Complete(Announceable(epoch));
        if (entry is null || (epoch.ManifestAsked == entry.StepsDone && now - epoch.ManifestAskedAt < 10 * _options.TickEvery)
            || (epoch.Job.DigestAfter(entry.StepsDone) ?? entry.Digest) is not { } digest || _log.LastCheckpointOf(epoch.Job.Id) >= entry.StepsDone)
        {
            return null;
        }

        if (entry.Stranger(digest) is { } stranger && _options.Mutation != Mutation.CommitWithoutComparing)
        {
            return EndCurrent(EpochEnd.DigestMismatch, Text.Of($"rank {stranger}: its shard holds another state than was committed after update {entry.StepsDone}"), now, effects);
        }

        (epoch.ManifestAsked, epoch.ManifestAskedAt) = (entry.StepsDone, now);
        effects.Add(new CommitManifest(Term, epoch.Job.Id, epoch.Id, entry.StepsDone, digest, entry.Present()));
        return null;
    }

    private string? SeeManifest(ManifestCommitted committed, Outbox effects)
    {
        if (_epoch is not { } epoch || epoch.Job.Id != committed.Job || epoch.ManifestAsked != committed.StepsDone
            || committed.StepsDone <= Math.Max(epoch.Job.CheckpointCommitted, _log.LastCheckpointOf(committed.Job))
            || JobRecord.IsFinal(_log.StateOf(epoch.Job)))
        {
            return null;
        }

        _log.Append(new CheckpointCommitted(committed.Job, epoch.Id, committed.StepsDone, epoch.Ranks, committed.ManifestHash), effects);
        return null;
    }

    private string? TakeDurable(long durable, Instant now, Outbox effects)
    {
        string? reason = null;
        var isNews = false;
        while (_log.TryTake(durable, out var record))
        {
            _book.Apply(record!);
            switch (record)
            {
                case JobSubmitted submitted:
                    _submittedAt[submitted.Job.Number] = now;
                    if (_submitters.TryGetValue(submitted.Key, out var submitter))
                    {
                        _submitters.Remove(submitted.Key);
                        AnswerSubmit(submitter, submitted.Key, submitted.Job, effects);
                    }

                    break;
                case EpochIssued issued when _epoch?.Id == issued.Epoch && _epoch.Phase == EpochPhase.Issuing:
                    effects.Add(new Publish(new EpochRow(issued.Job, issued.Epoch, EpochPhase.Proposing, issued.Cause, _lastReason)));
                    Propose(_epoch, now, effects);
                    break;
                case JobStateChanged changed:
                    reason = SeeState(changed, now, effects) ?? reason;
                    break;
                case StepCommitted:
                    isNews = true;
                    break;
                case CheckpointCommitted committed:
                    isNews = true;
                    reason = Recover(committed, now, effects) ?? reason;
                    break;
            }
        }

        if (isNews && _epoch is { } epoch)
        {
            epoch.Shards.Forget(epoch.Job.CheckpointCommitted);
            SettleFailures(effects);
            Announce(effects, everybody: false);
            reason = AskForManifest(epoch, now, effects) ?? SeeCheckpoint(epoch, now, effects) ?? reason;
        }

        return Next(now, effects) ?? reason;
    }

    private string? SeeState(JobStateChanged changed, Instant now, Outbox effects)
    {
        effects.Add(new Publish(new JobRow(changed.Job, changed.State, changed.Verdict)));
        _failing = _failing?.Job == changed.Job && JobRecord.IsFinal(changed.State) ? null : _failing;
        if (_epoch is not { } epoch || epoch.Job.Id != changed.Job)
        {
            return null;
        }

        switch (changed.State)
        {
            case JobState.Pausing when epoch.Phase == EpochPhase.Training:
                AskToStop(epoch);
                Announce(effects, everybody: false);
                return null;
            case JobState.Running:
                epoch.StopAfter = 0;
                Announce(effects, everybody: false);
                return null;
            case JobState.Pausing:
                return null;
            default:
                return EndCurrent(EpochEnd.Operator, Text.Of($"{changed.Job} is {changed.State}"), now, effects);
        }
    }

    // A job is complete, paused or handed over once the TrainingCheckpoint that it waits for is durable.
    private string? SeeCheckpoint(EpochRun epoch, Instant now, Outbox effects)
    {
        var job = epoch.Job;
        var state = _log.StateOf(job);
        if (JobRecord.IsFinal(state) || state == JobState.Paused)
        {
            return null;
        }

        if (job.CheckpointCommitted == job.Spec.TrainSteps)
        {
            _log.Append(new JobStateChanged(job.Id, JobState.Completed, ""), effects);
            return null;
        }

        if (epoch.StopAfter == 0 || job.CheckpointCommitted < epoch.StopAfter)
        {
            return null;
        }

        if (state == JobState.Pausing)
        {
            _log.Append(new JobStateChanged(job.Id, JobState.Paused, "by a person"), effects);
            return null;
        }

        return EndCurrent(EpochEnd.Operator, "a rank was asked to leave", now, effects);
    }

    private string? WatchEpoch(Instant now, Outbox effects)
    {
        if (_epoch is not { } epoch)
        {
            return null;
        }

        var isLeaving = false;
        foreach (var record in epoch.Members)
        {
            if (record is { IsUp: false })
            {
                return EndCurrent(record.Verdict, Text.Of($"rank {record.Rank}: {record.Reason}{Waiter(epoch, record.Rank, effects)}"), now, effects);
            }

            isLeaving |= record is { IsLeaving: true };
        }

        if (AskForManifest(epoch, now, effects) is { } flaw)
        {
            return flaw;
        }

        switch (epoch.Phase)
        {
            case EpochPhase.Adopting when now - epoch.PhaseSince > _options.AdoptLimit:
                return EndCurrent(EpochEnd.NotAdopted, Text.Of($"rank {epoch.Ready.FirstMissing()} did not report in"), now, effects);
            case EpochPhase.Proposing:
                SendAgain(epoch, epoch.Answered, epoch.Proposal!, effects);
                return WatchForming(epoch, epoch.Answered, now, effects);
            case EpochPhase.Starting:
                SendAgain(epoch, epoch.Ready, epoch.Start!, effects);
                return WatchForming(epoch, epoch.Ready, now, effects);
            case EpochPhase.Training:
                if (isLeaving)
                {
                    AskToStop(epoch);
                }

                SettleFailures(effects);
                return SeeCheckpoint(epoch, now, effects) ?? WatchHops(epoch, now, effects) ?? WatchProgress(epoch, now, effects) ?? WatchRoom(epoch, now, effects);
            default:
                return null;
        }
    }

    private void SendAgain(EpochRun epoch, RankSet done, Message message, Outbox effects)
    {
        if (_options.Mutation == Mutation.ProposeOnce)
        {
            return;
        }

        for (var rank = 0; rank < epoch.Ranks; rank++)
        {
            if (!done.Contains(rank))
            {
                effects.Send(epoch.Issued.Members[rank], message);
            }
        }
    }

    private string? WatchForming(EpochRun epoch, RankSet done, Instant now, Outbox effects)
    {
        if (done.IsFull || now - epoch.PhaseSince <= _options.FormingLimit)
        {
            return null;
        }

        MemberRecord? last = null;
        var furthest = RankPhase.Idle;
        foreach (var record in epoch.Members)
        {
            var phase = PhaseIn(epoch, record!);
            furthest = phase > furthest ? phase : furthest;
            if (done.Contains(record!.Rank))
            {
                continue;
            }

            // To wait for others is no progress of one's own, though no standstill either.
            if (record.Hello is not { Waiting: not null } && now - record.ProgressAt <= _options.FormingLimit)
            {
                return null;
            }

            last = last is null || phase < PhaseIn(epoch, last) ? record : last;
        }

        var least = PhaseIn(epoch, last!);
        var reason = Text.Of($"rank {last!.Rank} ({last.Id}) is still {least} after {(long)(now - epoch.PhaseSince).TotalMilliseconds} ms");
        foreach (var record in epoch.Members)
        {
            // Ranks that all connect may wait for each other, and whoever restores from a peer's memory says so. Everything else is a rank's own work, and to be behind in it
            // is its own fault.
            if (!done.Contains(record!.Rank) && PhaseIn(epoch, record) == least && record.Hello is not { Waiting: not null } && (least != RankPhase.Connecting || furthest != least))
            {
                GiveUp(record, EpochEnd.FormingTimeout, Text.Of($"{record.Id} is still {least}"), isGone: false, effects);
            }
        }

        return EndCurrent(EpochEnd.FormingTimeout, reason, now, effects);
    }

    private static RankPhase PhaseIn(EpochRun epoch, MemberRecord record) =>
        epoch.Ready.Contains(record.Rank) ? RankPhase.Ready : record.Hello is { } hello && hello.Promised == epoch.Id ? hello.Phase : RankPhase.Idle;

    // What a lost rank leaves unfinished, as the heartbeat of whoever waits for it says.
    private static string Waiter(EpochRun epoch, int lost, Outbox effects)
    {
        foreach (var record in epoch.Members)
        {
            if (record is { IsUp: true, Hello.Waiting: { } hop } && hop.Peer.Index == lost && record.Hello.Promised == epoch.Id)
            {
                effects.Add(new Publish(new HopRow(epoch.Id, new(record.Rank), hop, new(lost))));
                return "; " + Describe(record.Rank, hop);
            }
        }

        return "";
    }

    private static string Describe(int waiter, HopWait hop) =>
        Text.Of($"rank {waiter} has waited {(long)hop.Waited.TotalMilliseconds} ms for {(hop.Layer < 0 ? "a collective with" : "a KV block from")} rank {hop.Peer.Index}")
        + Text.Of($" at update {hop.Step.Index}{(hop.Layer < 0 ? "" : Text.Of($", layer {hop.Layer}, ring step {hop.RingStep.Index}"))}{(hop.IsBackward ? ", backward" : "")}");

    private bool IsFresh(MemberRecord record, Instant now) => now - record.HeardAt <= _options.MemberLease / 2;

    private string? WatchHops(EpochRun epoch, Instant now, Outbox effects)
    {
        if (epoch.Hops.Since is not { } since || now - since <= _options.HopVerdictDelay || epoch.Hops.Verdict() is not { } verdict)
        {
            return null;
        }

        foreach (var record in epoch.Members)
        {
            // Who says nothing at all cannot say whom it waits for; its lease will tell soon, and is the better evidence.
            if (!IsFresh(record!, now))
            {
                return null;
            }
        }

        var (waiter, hop, culprit) = verdict;
        var reason = Text.Of($"rank {culprit} is late: {Describe(waiter, hop)}");
        NoteLate(epoch, verdict, now);
        effects.Add(new Publish(new HopRow(epoch.Id, new(waiter), hop, new(culprit))));
        GiveUp(epoch.Members[culprit]!, EpochEnd.HopLate, reason, isGone: false, effects);
        return EndCurrent(EpochEnd.HopLate, reason, now, effects);
    }

    // Whoever waits for a peer, or for permission, stands still with good reason; its peer is looked at instead.
    private string? WatchProgress(EpochRun epoch, Instant now, Outbox effects)
    {
        if (_options.Mutation == Mutation.NoProgressWatch)
        {
            return null;
        }

        var limit = epoch.LongestStep == TimeSpan.Zero ? _options.FirstStepLimit : TimeSpan.FromTicks(Math.Max(_options.StallLimit.Ticks, 10 * epoch.LongestStep.Ticks));
        var last = epoch.StopAfter > 0 ? epoch.StopAfter : epoch.Job.Spec.TrainSteps;
        foreach (var record in epoch.Members)
        {
            // Behind the last update there is one thing left to do: the shard of the last TrainingCheckpoint.
            var owesShard = epoch.Steps.Agreed == last && epoch.Job.CheckpointCommitted < last && !epoch.Shards.Has(record!.Rank, last);
            if ((record!.Hello is { Phase: RankPhase.Training, Waiting: null } || owesShard) && now - record.ProgressAt > limit)
            {
                var reason = Text.Of($"rank {record.Rank} ({record.Id}) has finished nothing for {(long)(now - record.ProgressAt).TotalMilliseconds} ms");
                GiveUp(record, EpochEnd.Stalled, reason, isGone: false, effects);
                return EndCurrent(EpochEnd.Stalled, reason, now, effects);
            }
        }

        return null;
    }
}
