using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;

namespace ActorRing.Actors.Coordinator;

/// <summary>
/// Everything that survives the coordinator: a function of the records on the disk, in their order. The same code replays a log and takes what has just become
/// durable.
/// </summary>
public sealed class JobBook
{
    private readonly List<JobRecord> _jobs = [];
    private readonly SortedDictionary<string, JobRecord> _byKey = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _fencedUpTo = new(StringComparer.Ordinal);

    /// <summary>Oldest first; a job's number is its place, from 1.</summary>
    public IReadOnlyList<JobRecord> Jobs => _jobs;

    /// <summary>Greatest epoch issued.</summary>
    public RingEpoch LastEpoch { get; private set; }

    /// <summary>The job of a number, or null.</summary>
    public JobRecord? Find(JobId job) => job.Number >= 1 && job.Number <= _jobs.Count ? _jobs[(int)job.Number - 1] : null;

    /// <summary>The job of an idempotency key, or null.</summary>
    public JobRecord? Find(string key) => _byKey.TryGetValue(key, out var job) ? job : null;

    /// <summary>Whether an incarnation was declared finished.</summary>
    public bool IsFenced(MemberId member) => member.Incarnation <= FencedUpTo(member.Name);

    /// <summary>The last incarnation of a name that was declared finished; the least number if none was.</summary>
    internal long FencedUpTo(string name) => _fencedUpTo.TryGetValue(name, out var upTo) ? upTo : long.MinValue;

    /// <summary>The fewest of some records that come to the same, in their order, and one <see cref="JobFolded"/> for each job that had an epoch.</summary>
    /// <param name="records">A whole log, oldest first.</param>
    /// <remarks>
    /// Replayed, they give an equal book, and whatever is appended goes on from there as it would have. What is kept of a job: its submission, its state, its
    /// last 64 requests, its newest epoch, its last 16 TrainingCheckpoints, and the updates since the newest. Of members: the last fence of each name. Cost: O(records).
    /// </remarks>
    public static ImmutableArray<LogRecord> Compact(IReadOnlyList<LogRecord> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return LogCompaction.Of(records);
    }

    /// <summary>Takes the next record.</summary>
    internal void Apply(LogRecord record)
    {
        switch (record)
        {
            case JobSubmitted submitted:
                var job = new JobRecord(submitted);
                _jobs.Add(job);
                _byKey[submitted.Key] = job;
                break;
            case JobStateChanged changed:
                Find(changed.Job)?.Apply(changed);
                break;
            case EpochIssued issued:
                LastEpoch = issued.Epoch;
                Find(issued.Job)?.Apply(issued);
                break;
            case StepCommitted committed:
                Find(committed.Job)?.Apply(committed);
                break;
            case CheckpointCommitted committed:
                Find(committed.Job)?.Apply(committed);
                break;
            case CheckpointLost lost:
                Find(lost.Job)?.Apply(lost);
                break;
            case WindowSkipped skipped:
                Find(skipped.Job)?.Apply(skipped);
                break;
            case JobFolded folded:
                Find(folded.Job)?.Apply(folded);
                break;
            case MemberFenced fenced:
                // Restarts count upwards: who fences an incarnation has done so, or seen the end, of all before it.
                var known = _fencedUpTo.TryGetValue(fenced.Member.Name, out var upTo) ? upTo : 0;
                _fencedUpTo[fenced.Member.Name] = Math.Max(known, fenced.Member.Incarnation);
                break;
        }
    }
}
