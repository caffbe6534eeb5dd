using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <content>
/// A TrainingCheckpoint that cannot be written. Training goes on, and the job is called degraded until one is committed again. Another one is asked for a few updates later,
/// then after ever more; what was written of the failed one is deleted first, since it may be what fills the disk.
/// </content>
public sealed partial class CoordinatorMachine
{
    // Of the job in hand, since its last TrainingCheckpoint; null while nothing is wrong.
    private CheckpointFailures? _failing;

    private string? HearUnwritten(EpochRun epoch, int rank, ShardUnwritten unwritten, Instant now, Outbox effects)
    {
        epoch.Shards.ReportUnwritten(rank, unwritten.StepsDone);
        if (epoch.Members[rank] is { } reporter && unwritten.StepsDone == epoch.Last && epoch.Steps.Agreed == epoch.Last)
        {
            // Behind the last update a rank waits for its disk. It says nothing of it while it writes, so that one which hangs in that is noticed, as one which hangs in an update is.
            reporter.ProgressAt = now;
        }

        var reason = NoteFailure(epoch, unwritten.StepsDone, Text.Of($"rank {rank}: {unwritten.Text}"), now, effects);
        SettleFailures(effects);
        return reason;
    }

    private string? SeeManifestFailed(ManifestFailed failed, Instant now, Outbox effects)
    {
        if (_epoch is not { } epoch || epoch.Job.Id != failed.Job || epoch.ManifestAsked != failed.StepsDone
            || failed.StepsDone <= Math.Max(epoch.Job.CheckpointCommitted, _log.LastCheckpointOf(failed.Job)))
        {
            return null;
        }

        // It is tried again as it is until a newer one can be; its shards are all there.
        return NoteFailure(epoch, failed.StepsDone, failed.Reason, now, effects);
    }

    private string? NoteFailure(EpochRun epoch, long stepsDone, string cause, Instant now, Outbox effects)
    {
        if (_failing is { } known && known.Job == epoch.Job.Id)
        {
            known.Add(epoch.Id, stepsDone, cause);
            return null;
        }

        _failing = new(epoch.Job.Id, epoch.Id, stepsDone, cause, now);
        effects.Add(new Publish(new DurabilityRow(epoch.Job.Id, epoch.Id, stepsDone, true, cause)));
        return Text.Of($"{epoch.Job.Id}: durability: degraded; no TrainingCheckpoint of update {stepsDone}, the newest has {epoch.Job.CheckpointCommitted} updates; training goes on: {cause}");
    }

    private string? Recover(CheckpointCommitted committed, Instant now, Outbox effects)
    {
        if (_failing is not { } failing || failing.Job != committed.Job || !failing.IsEndedBy(committed.Epoch, committed.StepsDone))
        {
            return null;
        }

        _failing = null;
        var text = Text.Of($"{failing.Failures} failed in {(long)(now - failing.SinceTime).TotalMilliseconds} ms; update {committed.StepsDone} is in a TrainingCheckpoint");
        effects.Add(new Publish(new DurabilityRow(committed.Job, committed.Epoch, committed.StepsDone, false, text)));
        return Text.Of($"{committed.Job}: durability: full again; {text}");
    }

    private void SettleFailures(Outbox effects)
    {
        if (_failing is not { } failing || _epoch is not { Phase: EpochPhase.Training } epoch || failing.Job != epoch.Job.Id)
        {
            return;
        }

        DiscardFailed(epoch, effects);
        var isOver = failing.Epoch != epoch.Id || failing.Newest <= epoch.Shards.Answered;
        if (!isOver || epoch.RetriedFor == failing.Newest || failing.Newest >= epoch.Last || epoch.StopAfter > 0 || epoch.CheckpointAt > Announceable(epoch))
        {
            return;
        }

        // So far ahead that what failed has been given up, see DiscardFailed, before any rank can be there.
        epoch.RetriedFor = failing.Newest;
        epoch.CheckpointAt = Math.Min(Announceable(epoch) + (2 * _options.RunAhead) - 1 + failing.Wait, epoch.Job.Spec.TrainSteps);
    }

    // A coordinator that is restarted may ask for a stop behind any update that no rank knows to be committed, and would then need its shards. Those that are given up here
    // are older: all ranks have done as many updates since as they may run ahead.
    private void DiscardFailed(EpochRun epoch, Outbox effects)
    {
        var upTo = Math.Min(epoch.Shards.Answered, Announceable(epoch) - _options.RunAhead);
        upTo = Math.Min(upTo, epoch.Last - 1);
        if (epoch.Shards.Complete(Announceable(epoch)) is { } next)
        {
            upTo = Math.Min(upTo, next.StepsDone - 1);
        }

        if (_options.Mutation == Mutation.DiscardOpenShards)
        {
            upTo = Announceable(epoch);
        }

        if (epoch.Shards.Discard(upTo) is > 0 and var newest)
        {
            effects.Add(new DiscardShards(Term, epoch.Job.Id, epoch.Id, newest));
        }
    }
}
