using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <summary>
/// Records on their way to the disk, first in, first out. What they say is decided but not true yet: nobody outside may hear of it before.
/// </summary>
internal sealed class PendingLog(int limit)
{
    private readonly Queue<(long Sequence, LogRecord Record)> _records = new();
    private long _sequence;

    internal int Count => _records.Count;

    /// <summary>Whether the disk is so far behind that nothing that can wait may be decided.</summary>
    internal bool IsFull => _records.Count >= limit;

    internal void Append(LogRecord record, Outbox effects)
    {
        _records.Enqueue((++_sequence, record));
        effects.Add(new AppendLog(_sequence, record));
    }

    internal bool TryTake(long durable, out LogRecord? record)
    {
        record = null;
        if (!_records.TryPeek(out var first) || first.Sequence > durable)
        {
            return false;
        }

        record = _records.Dequeue().Record;
        return true;
    }

    /// <summary>A job's state once all records are durable.</summary>
    internal JobState StateOf(JobRecord job)
    {
        var state = job.State;
        foreach (var (_, record) in _records)
        {
            state = record is JobStateChanged changed && changed.Job == job.Id ? changed.State : state;
        }

        return state;
    }

    /// <summary>Updates of a job that waiting records commit; 0 if none does.</summary>
    internal long LastStepOf(JobId job)
    {
        long last = 0;
        foreach (var (_, record) in _records)
        {
            last = record is StepCommitted committed && committed.Job == job ? committed.StepsDone : last;
        }

        return last;
    }

    /// <summary>Updates in the TrainingCheckpoint of a job that a waiting record commits; 0 if none does.</summary>
    internal long LastCheckpointOf(JobId job)
    {
        long last = 0;
        foreach (var (_, record) in _records)
        {
            last = record is CheckpointCommitted committed && committed.Job == job ? committed.StepsDone : last;
        }

        return last;
    }

    internal JobSubmitted? Submission(string key)
    {
        foreach (var (_, record) in _records)
        {
            if (record is JobSubmitted submitted && submitted.Key == key)
            {
                return submitted;
            }
        }

        return null;
    }

    internal bool HasRequest(string key)
    {
        foreach (var (_, record) in _records)
        {
            if (record is JobStateChanged changed && changed.RequestKey == key)
            {
                return true;
            }
        }

        return false;
    }

    internal int Submissions()
    {
        var count = 0;
        foreach (var (_, record) in _records)
        {
            count += record is JobSubmitted ? 1 : 0;
        }

        return count;
    }

    internal bool HasFence(MemberId member)
    {
        foreach (var (_, record) in _records)
        {
            if (record is MemberFenced fenced && fenced.Member == member)
            {
                return true;
            }
        }

        return false;
    }
}
