using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Coordinator;

/// <content>Jobs: submission, control, what comes next.</content>
public sealed partial class CoordinatorMachine
{
    private void Submit(Sender from, SubmitJob submit, Outbox effects)
    {
        if (from.Role != Role.Submitter)
        {
            effects.Send(from.Member, new SubmitAnswer(submit.Key, RequestOutcome.Refused, default, "only a submitter may submit"));
            return;
        }

        if (_options.Mutation != Mutation.ForgetKeys)
        {
            if (_book.Find(submit.Key) is { } known)
            {
                AnswerSubmit(from.Member, submit.Key, known.SpecHash == submit.SpecHash ? known.Id : default, effects);
                return;
            }

            if (_log.Submission(submit.Key) is not null)
            {
                // Its answer is whatever the next try gets, once the record is on the disk.
                return;
            }
        }

        if (Flaw(submit) is { } flaw)
        {
            effects.Send(from.Member, new SubmitAnswer(submit.Key, RequestOutcome.Refused, default, flaw));
            return;
        }

        _log.Append(new JobSubmitted(new(_book.Jobs.Count + _log.Submissions() + 1), submit.Key, submit.SpecHash, submit.Spec), effects);
        _submitters[submit.Key] = from.Member;
    }

    // Who waits for the answer to a submission that is on its way to the disk.
    private readonly SortedDictionary<string, MemberId> _submitters = new(StringComparer.Ordinal);

    private string? Flaw(SubmitJob submit)
    {
        if (submit.Key.Length is 0 or > 256)
        {
            return "key: 1 to 256 characters are allowed";
        }

        if (submit.SpecHash != SpecCodec.Hash(submit.Spec))
        {
            return "spec: its hash is another one than was announced";
        }

        var waiting = _log.Submissions();
        foreach (var job in _book.Jobs)
        {
            waiting += job.State == JobState.Queued ? 1 : 0;
        }

        if (waiting >= _options.LongestQueue || _log.IsFull)
        {
            return Text.Of($"queue: {waiting} jobs wait already; try again later");
        }

        if (submit.Spec.Flaw() is { } flaw)
        {
            return flaw;
        }

        try
        {
            _planner.Plan(submit.Spec, submit.Spec.Ranks);
            return null;
        }
        catch (PlanException refusal)
        {
            return refusal.Message;
        }
    }

    private static void AnswerSubmit(MemberId receiver, string key, JobId job, Outbox effects) => effects.Send(receiver, job.Number > 0
        ? new SubmitAnswer(key, RequestOutcome.Accepted, job, "")
        : new SubmitAnswer(key, RequestOutcome.Conflict, default, "key: used before for another job"));

    private string? Control(Sender from, ControlJob control, Instant now, Outbox effects)
    {
        if (from.Role != Role.Submitter && _options.Mutation != Mutation.ObeyObservers)
        {
            effects.Send(from.Member, new ControlAnswer(control.Key, RequestOutcome.Refused, "only a submitter may control jobs"));
            return null;
        }

        (RequestOutcome? Outcome, string Text) applied = _book.Find(control.Job) is { } job ? Apply(job, control, effects)
            : (RequestOutcome.Refused, Text.Of($"there is no {control.Job}"));
        if (applied.Outcome is { } known)
        {
            effects.Send(from.Member, new ControlAnswer(control.Key, known, applied.Text));
        }

        return Next(now, effects);
    }

    // Null for an outcome: the record is on its way to the disk, and the next try gets the answer.
    private (RequestOutcome? Outcome, string Text) Apply(JobRecord job, ControlJob control, Outbox effects)
    {
        if (job.HasSeen(control.Key))
        {
            return (RequestOutcome.Accepted, "");
        }

        if (_log.HasRequest(control.Key))
        {
            return (null, "");
        }

        var (key, verb) = (control.Key, control.Verb);
        var state = _log.StateOf(job);
        if (JobRecord.IsFinal(state) && _options.Mutation != Mutation.ReviveJobs)
        {
            var isDone = verb == JobVerb.Cancel && state == JobState.Cancelled;
            return state != job.State ? (null, "") : (isDone ? RequestOutcome.Accepted : RequestOutcome.Refused, Text.Of($"{job.Id} is {state}: {job.Verdict}"));
        }

        switch (verb)
        {
            case JobVerb.Cancel:
                _log.Append(new JobStateChanged(job.Id, JobState.Cancelled, "by a person", key), effects);
                return (null, "");
            case JobVerb.Pause when state is JobState.Queued:
                _log.Append(new JobStateChanged(job.Id, JobState.Paused, "by a person", key), effects);
                return (null, "");
            case JobVerb.Pause when state is JobState.Running:
                _log.Append(new JobStateChanged(job.Id, JobState.Pausing, "by a person", key), effects);
                return (null, "");
            case JobVerb.Pause:
                return state == job.State ? (RequestOutcome.Accepted, "") : (null, "");
            case JobVerb.Resume when state is JobState.Paused or JobState.Pausing || JobRecord.IsFinal(state):
                _log.Append(new JobStateChanged(job.Id, state == JobState.Pausing ? JobState.Running : JobState.Queued, "by a person", key), effects);
                return (null, "");
            case JobVerb.Resume:
                return state == job.State ? (RequestOutcome.Accepted, "") : (null, "");
            default:
                if (_epoch is not { Phase: EpochPhase.Training } epoch || epoch.Job != job)
                {
                    return (RequestOutcome.Refused, Text.Of($"{job.Id} does not train now; its newest TrainingCheckpoint has {job.CheckpointCommitted} updates"));
                }

                AskForCheckpoint(epoch);
                return (RequestOutcome.Accepted, Text.Of($"after update {epoch.CheckpointAt}"));
        }
    }

    // Far enough ahead that no rank can have passed it: whoever hears of a later commit hears of this, too.
    private void AskForCheckpoint(EpochRun epoch)
    {
        var at = Math.Min(Announceable(epoch) + _options.RunAhead, epoch.Job.Spec.TrainSteps);
        epoch.CheckpointAt = epoch.CheckpointAt > Announceable(epoch) ? Math.Min(epoch.CheckpointAt, at) : at;
    }

    private void AskToStop(EpochRun epoch)
    {
        if (epoch.StopAfter == 0)
        {
            epoch.CheckpointAt = epoch.StopAfter = Math.Min(Announceable(epoch) + _options.RunAhead, epoch.Job.Spec.TrainSteps);
        }
    }

    private JobRecord? Active()
    {
        JobRecord? queued = null;
        foreach (var job in _book.Jobs)
        {
            var state = _log.Count == 0 ? job.State : _log.StateOf(job);
            if (state is JobState.Running or JobState.Pausing)
            {
                return job;
            }

            queued = state == JobState.Queued ? queued ?? job : queued;
        }

        return queued;
    }
}
