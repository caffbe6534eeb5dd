using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>Follows a job until it is over. Ctrl-c ends the watching and nothing else.</summary>
internal static class JobWatch
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);

    /// <summary>Prints what changes.</summary>
    /// <returns>Exit code: 0 completed, 4 failed or cancelled.</returns>
    internal static async Task<int> FollowAsync(ConsoleLink link, JobId job, CancellationToken stop)
    {
        JobStatus? before = null;
        while (true)
        {
            var status = await FindAsync(link, job, stop);
            if (before is null || status.State != before.State || status.StepsCommitted != before.StepsCommitted || status.Verdict != before.Verdict)
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
        (await ListAsync(link, stop)).FirstOrDefault(status => status.Job == job) ?? throw new UsageException($"{job}: there is no such job; those that there are: actorring jobs list");

    internal static async Task<IReadOnlyList<JobStatus>> ListAsync(ConsoleLink link, CancellationToken stop)
    {
        var key = Guid.NewGuid().ToString("n");
        return (await link.AskAsync<JobsAnswer>(new QueryJobs(key), answer => answer.Key == key, stop)).Jobs;
    }

    internal static string Line(JobStatus status) =>
        $"{status.Job}  {status.Name}  {status.State.ToString().ToLowerInvariant()}  step {status.StepsCommitted} of {status.TrainSteps}  checkpoint {status.CheckpointCommitted}{(status.Verdict.Length > 0 ? $"  {status.Verdict}" : "")}";
}
