using System.Diagnostics.Metrics;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Hosting.Telemetry;

/// <summary>The last that is known of each job. Bounded: beyond 1,024 jobs the oldest is forgotten.</summary>
internal sealed class JobGauges
{
    private const int MostJobs = 1024;
    private readonly SortedDictionary<long, Job> _jobs = [];
    private readonly Lock _gate = new();

    internal void Take(StepRow row)
    {
        lock (_gate)
        {
            Of(row.Job.Number).Last = row;
        }
    }

    internal void Take(JobRow row)
    {
        lock (_gate)
        {
            var job = Of(row.Job.Number);
            job.State = row.State;
            if (row.State is JobState.Completed or JobState.Failed or JobState.Cancelled)
            {
                // A dashboard should not go on showing the loss of a job that is over.
                job.Last = null;
                job.Slow.Clear();
                job.IsDegraded = false;
            }
        }
    }

    internal void Take(StragglerRow row)
    {
        lock (_gate)
        {
            var slow = Of(row.Job.Number).Slow;
            _ = row.IsSlow ? slow.Add(row.Rank.Index) : slow.Remove(row.Rank.Index);
        }
    }

    internal IReadOnlyList<Measurement<long>> Stragglers()
    {
        lock (_gate)
        {
            return [.. _jobs.Values.Where(job => job.Last is not null).Select(job => new Measurement<long>(job.Slow.Count, new KeyValuePair<string, object?>("job", job.Last!.Job.ToString())))];
        }
    }

    internal void Take(DurabilityRow row)
    {
        lock (_gate)
        {
            Of(row.Job.Number).IsDegraded = row.IsDegraded;
        }
    }

    /// <summary>One row for each job that has updates and is not over.</summary>
    internal IReadOnlyList<Measurement<int>> Degraded()
    {
        lock (_gate)
        {
            return
            [
                .. _jobs.Where(job => job.Value.Last is not null).Select(job =>
                    new Measurement<int>(job.Value.IsDegraded ? 1 : 0, new KeyValuePair<string, object?>("job", new JobId(job.Key).ToString()))),
            ];
        }
    }

    internal IReadOnlyList<Measurement<double>> Losses() => Read(row => row.Report.Loss);

    internal IReadOnlyList<Measurement<double>> GradientNorms() => Read(row => row.Report.GradientNorm);

    internal IReadOnlyList<Measurement<long>> StepsDone() => Read(row => row.StepsDone);

    internal IReadOnlyList<Measurement<int>> States()
    {
        lock (_gate)
        {
            return
            [
                .. Enum.GetValues<JobState>().Select(state =>
                    new Measurement<int>(_jobs.Values.Count(job => job.State == state), new KeyValuePair<string, object?>("state", Words.Of(state)))),
            ];
        }
    }

    private List<Measurement<T>> Read<T>(Func<StepRow, T> value)
        where T : struct
    {
        lock (_gate)
        {
            return
            [
                .. _jobs.Values.Select(job => job.Last).OfType<StepRow>().Select(row =>
                    new Measurement<T>(value(row), new KeyValuePair<string, object?>("job", row.Job.ToString()))),
            ];
        }
    }

    private Job Of(long number)
    {
        if (!_jobs.TryGetValue(number, out var job))
        {
            _jobs[number] = job = new Job();
            if (_jobs.Count > MostJobs)
            {
                _jobs.Remove(_jobs.Keys.First());
            }
        }

        return job;
    }

    private sealed class Job
    {
        internal JobState? State { get; set; }

        internal StepRow? Last { get; set; }

        // Ranks that are named for being slow.
        internal SortedSet<int> Slow { get; } = [];

        internal bool IsDegraded { get; set; }
    }
}
