using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>Follows a job until it is over. Ctrl-c ends the watching and nothing else.</summary>
internal static class JobWatch
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);

    /// <summary>Prints what changes.</summary>
    /// <param name="link">To the cluster.</param>
    /// <param name="job">Which.</param>
    /// <param name="withSteps">Whether committed updates are worth a line.</param>
    /// <param name="stop">Ends the watching.</param>
    /// <returns>Exit code: 0 completed, 4 failed or cancelled.</returns>
    internal static async Task<int> FollowAsync(ConsoleLink link, JobId job, bool withSteps, CancellationToken stop)
    {
        JobStatus? before = null;
        while (true)
        {
            var status = await FindAsync(link, job, stop);
            if (before is null || status.State != before.State || (withSteps && status.StepsCommitted != before.StepsCommitted) || status.Verdict != before.Verdict
                || (status.Degraded is null) != (before.Degraded is null))
            {
                Console.WriteLine(Line(status));
            }

            if (JobRecord.IsFinal(status.State))
            {
                return status.State == JobState.Completed ? 0 : CommandLine.JobFailed;
            }

            before = status;
            await Task.Delay(Every, stop);
        }
    }

    /// <exception cref="UsageException">There is no such job.</exception>
    internal static async Task<JobStatus> FindAsync(ConsoleLink link, JobId job, CancellationToken stop) =>
        (await PageAsync(link, job.Number + 1, stop)).FirstOrDefault(status => status.Job == job) ?? throw new UsageException($"{job}: there is no such job; those that there are: actorring jobs list");

    /// <summary>The running job's ring, its first page of ranks.</summary>
    internal static async Task<RingAnswer> RingAsync(ConsoleLink link, CancellationToken stop) =>
        (await link.AskAsync<RingAnswer>(new ObserverMachine(new QueryRing(ConsoleLink.NewKey(), 0), ConsoleLink.RetryEvery, ConsoleLink.Patience), stop))[0];

    /// <summary>All jobs, oldest first.</summary>
    internal static async Task<IReadOnlyList<JobStatus>> ListAsync(ConsoleLink link, CancellationToken stop)
    {
        var jobs = new List<JobStatus>();
        var page = await PageAsync(link, 0, stop);
        for (; page.Count > 0; page = await PageAsync(link, page[0].Job.Number, stop))
        {
            jobs.InsertRange(0, page);
            if (page[0].Job.Number == 1)
            {
                break;
            }
        }

        return jobs;
    }

    private static async Task<IReadOnlyList<JobStatus>> PageAsync(ConsoleLink link, long before, CancellationToken stop) =>
        (await link.AskAsync<JobsAnswer>(new ObserverMachine(new QueryJobs(ConsoleLink.NewKey(), before), ConsoleLink.RetryEvery, ConsoleLink.Patience), stop))[0].Jobs;

    internal static string Line(JobStatus status) =>
        $"{status.Job}  {status.Name}  {status.State.ToString().ToLowerInvariant()}  step {status.StepsCommitted} of {status.TrainSteps}  checkpoint {status.CheckpointCommitted}  {Durability(status)}{(status.Verdict.Length > 0 ? $"  {status.Verdict}" : "")}";

    private static string Durability(JobStatus status) => status.Degraded is { } degraded
        ? $"durability: degraded since update {degraded.Since}, for {Words.Of(degraded.For)}: {degraded.Cause}"
        : "durability: full";
}
