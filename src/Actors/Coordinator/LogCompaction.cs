using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;

namespace ActorRing.Actors.Coordinator;

/// <summary>Which records of a log still say something. Looked at from the newest to the oldest, since a newer one of a kind makes older ones idle.</summary>
internal sealed class LogCompaction
{
    private readonly JobBook _book = new();
    private readonly SortedDictionary<long, Kept> _jobs = [];
    private readonly SortedDictionary<string, long> _fences = new(StringComparer.Ordinal);

    private LogCompaction(IReadOnlyList<LogRecord> records)
    {
        foreach (var record in records)
        {
            _book.Apply(record);
        }
    }

    internal static ImmutableArray<LogRecord> Of(IReadOnlyList<LogRecord> records)
    {
        var compaction = new LogCompaction(records);
        List<LogRecord> kept = [];
        for (var at = records.Count - 1; at >= 0; at--)
        {
            if (compaction.StillCounts(records[at]))
            {
                kept.Add(records[at]);
            }
        }

        kept.Reverse();
        foreach (var job in compaction._book.Jobs)
        {
            if (job.LastEpoch is not null)
            {
                kept.Add(new JobFolded(job.Id, job.Epochs, job.StepsCommitted, job.Losses, job.FruitlessEpochs, job.IsFruitful));
            }
        }

        return [.. kept];
    }

    private bool StillCounts(LogRecord record)
    {
        switch (record)
        {
            case JobSubmitted or WindowSkipped:
                return true;
            case JobStateChanged changed:
                var state = Of(changed.Job);
                var isRemembered = changed.RequestKey.Length > 0 && state.Requests++ < JobRecord.MostRequests;
                var isNewest = !state.HasState;
                state.HasState = true;
                return isNewest || isRemembered;
            case EpochIssued issued:
                var epoch = Of(issued.Job);
                return !epoch.HasEpoch && (epoch.HasEpoch = true);
            case StepCommitted committed:
                // Those whose state is remembered: the update in the TrainingCheckpoint, with which what is restored is compared, and those behind it. What another
                // plan took back is not among them.
                var steps = Of(committed.Job);
                var job = _book.Find(committed.Job)!;
                var expected = steps.Expected ?? job.StepsCommitted;
                var counts = committed.StepsDone == expected && job.DigestAfter(committed.StepsDone) is not null;
                steps.Expected = counts ? expected - 1 : expected;
                return counts;
            case CheckpointCommitted committed:
                // After a loss another one may have been committed under the same number.
                var of = Of(committed.Job);
                var isKnown = _book.Find(committed.Job)!.Checkpoints.Contains(new(committed.StepsDone, committed.ManifestHash)) && !of.Checkpoints.Contains(committed.StepsDone);
                if (isKnown)
                {
                    of.Checkpoints.Add(committed.StepsDone);
                }

                return isKnown;
            case MemberFenced fenced:
                return IsFirstOfItsName(fenced.Member);
            default:
                return false;
        }
    }

    // An incarnation that is fenced stands for all before it.
    private bool IsFirstOfItsName(MemberId member)
    {
        if (_fences.ContainsKey(member.Name) || member.Incarnation < _book.FencedUpTo(member.Name))
        {
            return false;
        }

        _fences.Add(member.Name, member.Incarnation);
        return true;
    }

    private Kept Of(JobId job)
    {
        if (!_jobs.TryGetValue(job.Number, out var kept))
        {
            _jobs.Add(job.Number, kept = new());
        }

        return kept;
    }

    private sealed class Kept
    {
        internal bool HasState { get; set; }

        internal bool HasEpoch { get; set; }

        internal List<long> Checkpoints { get; } = [];

        internal int Requests { get; set; }

        internal long? Expected { get; set; }
    }
}
