using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <content>
/// A TrainingCheckpoint that a rank cannot load. A rank's word is not enough to give up what is committed: the host looks, sets aside what is damaged, and names the
/// newest older one that is whole. What that means for the job is in the log before the next epoch is issued.
/// </content>
public sealed partial class CoordinatorMachine
{
    // What the host is looking at; no epoch is issued meanwhile. Dies with the coordinator: the ranks of the next epoch find it again.
    private (JobRecord Job, long StepsDone, string Text)? _suspect;

    private string HearUnreadable(EpochRun epoch, string text, Instant now, Outbox effects)
    {
        var job = epoch.Job;
        if (!epoch.Holders.IsEmpty)
        {
            // Nothing durable is given up, so a rank's word is enough. It has let go of what is damaged: the other copy is tried before the disk.
            return EndCurrent(EpochEnd.CheckpointDamaged, text, now, effects);
        }

        if (_options.Mutation == Mutation.IgnoreDamage || job.CheckpointCommitted != epoch.Issued.RestoreFrom || job.Checkpoints.Count == 0)
        {
            return EndCurrent(EpochEnd.RankFailure, text, now, effects);
        }

        _suspect = (job, job.CheckpointCommitted, text);
        var reason = EndCurrent(EpochEnd.CheckpointDamaged, text, now, effects);
        if (_options.Mutation == Mutation.BelieveDamage)
        {
            return SeeChecked(new(job.Id, job.CheckpointCommitted, job.Checkpoints.Count > 1 ? job.Checkpoints[^2].StepsDone : 0, text), now, effects) ?? reason;
        }

        List<CheckpointRef> candidates = [.. job.Checkpoints];
        candidates.Reverse();
        effects.Add(new CheckCheckpoints(Term, job.Id, [.. candidates]));
        return reason;
    }

    private string? SeeChecked(CheckpointsChecked found, Instant now, Outbox effects)
    {
        if (_suspect is not { } suspect || suspect.Job.Id != found.Job || suspect.StepsDone != found.Suspect)
        {
            return null;
        }

        _suspect = null;
        var (job, text) = (suspect.Job, suspect.Text);
        if (found.Newest == found.Suspect)
        {
            // It is not the checkpoint that is to blame: whoever cannot read it may try again, as often as after any other failure.
            (_lastEnd, _lastReason) = (EpochEnd.RankFailure, Text.Of($"{text}; the coordinator: {found.Text}"));
            BackOff(job, now, effects);
            return Next(now, effects) ?? _lastReason;
        }

        if (JobRecord.IsFinal(_log.StateOf(job)))
        {
            return Next(now, effects);
        }

        _log.Append(new CheckpointLost(job.Id, found.Suspect, found.Newest, found.Text), effects);
        var again = job.StepsCommitted - found.Newest;
        var from = found.Newest > 0 ? Text.Of($"goes on from update {found.Newest}") : "no older one is whole, and it starts at the first update again";
        return Text.Of($"{job.Id}: TrainingCheckpoint of update {found.Suspect} is lost, {from}; {again} committed updates are done again: {found.Text}");
    }
}
