using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <content>Data that no update can be made of: a job whose rules say so goes back to its newest TrainingCheckpoint and leaves them out.</content>
public sealed partial class CoordinatorMachine
{
    private string? RollBack(EpochRun epoch, TrainStep step, string text, Instant now, Outbox effects)
    {
        var job = epoch.Job;
        var restorable = _options.Mutation == Mutation.SkipFromCommitted ? LastAppended(job) : Math.Max(job.CheckpointCommitted, _log.LastCheckpointOf(job.Id));
        var window = new SkippedWindow(restorable, step.Index + 1);
        if (epoch.Phase != EpochPhase.Training || window.To <= window.From || window.To > job.Spec.TrainSteps)
        {
            return EndCurrent(EpochEnd.RankFailure, text, now, effects);
        }

        if (JobRecord.IsFinal(_log.StateOf(job)) || _log.IsFull)
        {
            // Until there is room in the log the rank says so again.
            return null;
        }

        if (job.Windows.Count >= SkippedWindow.Most && _options.Mutation != Mutation.SkipForEver)
        {
            return Fail(job, Text.Of($"{text}; {job.Windows.Count} windows of data have been left out, and no more are"), effects);
        }

        var taken = LastAppended(job) - window.From;
        EndCurrent(EpochEnd.WindowSkipped, text, now, effects);
        _log.Append(new WindowSkipped(job.Id, epoch.Id, window, text), effects);
        return Text.Of($"{job.Id} goes back to update {window.From} and leaves out the data of updates {window.From + 1} to {window.To}; {taken} committed updates are taken back: {text}");
    }
}
