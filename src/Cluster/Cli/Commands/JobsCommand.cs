using System.CommandLine;
using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring jobs</c>: what the cluster does and is asked to do.</summary>
internal static class JobsCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON." };

    internal static Command Create() => new("jobs", "Lists, shows, watches, pauses, resumes and cancels jobs. Example: actorring jobs list")
    {
        List(),
        OfJob("show", "Shows one job.", async (link, job, json, stop) =>
        {
            Print([await JobWatch.FindAsync(link, job, stop)], json);
            return 0;
        }),
        OfJob("watch", "Follows a job until it is over; ctrl-c ends the watching, not the job.", (link, job, _, stop) => JobWatch.FollowAsync(link, job, withSteps: true, stop)),
        OfJob("pause", "Stops a job after its next TrainingCheckpoint.", Ask(JobVerb.Pause)),
        OfJob("resume", "Lets a paused job go on.", Ask(JobVerb.Resume)),
        OfJob("cancel", "Ends a job for good.", Ask(JobVerb.Cancel)),
        OfJob("checkpoint", "Asks for a TrainingCheckpoint now.", Ask(JobVerb.Checkpoint)),
    };

    private static Command List()
    {
        var command = new Command("list", "Lists all jobs, oldest first.") { ClusterOptions.OfMember, Json };
        command.SetAction(async result =>
        {
            await using var link = await ConsoleLink.ConnectAsync(ClusterOptions.PlaceOf(result), default);
            Print(await JobWatch.ListAsync(link, default), result.GetValue(Json));
        });
        return command;
    }

    private static Command OfJob(string name, string description, Func<ConsoleLink, JobId, bool, CancellationToken, Task<int>> run)
    {
        var job = new Argument<string>("job") { Description = "Its number, as jobs list prints it: 3 or job-3." };
        var command = new Command(name, description) { job, ClusterOptions.OfMember, Json };
        command.SetAction(async result =>
        {
            using var signal = new StopSignal("stopped watching; the job goes on");
            var id = Parse(result.GetValue(job)!);
            await using var link = await ConsoleLink.ConnectAsync(ClusterOptions.PlaceOf(result), signal.Token);
            return await run(link, id, result.GetValue(Json), signal.Token);
        });
        return command;
    }

    private static Func<ConsoleLink, JobId, bool, CancellationToken, Task<int>> Ask(JobVerb verb) => async (link, job, _, stop) =>
    {
        var control = new ControlJob(ConsoleLink.NewKey(), job, verb);
        var answer = (ControlAnswer)await link.RunAsync(new SubmitterMachine(control, ConsoleLink.RetryEvery, ConsoleLink.Patience), stop);
        if (answer.Outcome != RequestOutcome.Accepted)
        {
            throw new UsageException($"{job}: {answer.Text}");
        }

        Console.WriteLine(answer.Text.Length > 0 ? $"{job}: {answer.Text}" : $"{job}: {verb.ToString().ToLowerInvariant()} accepted");
        return 0;
    };

    private static void Print(IReadOnlyList<JobStatus> jobs, bool json) => Console.WriteLine(
        json
            ? BenchJson.Of(jobs.Select(job => new
            {
                job = job.Job.ToString(), job.Name, state = job.State.ToString().ToLowerInvariant(), job.StepsCommitted, job.TrainSteps, job.CheckpointCommitted,
                durability = job.Degraded is null ? "full" : "degraded",
                degraded = job.Degraded is { } degraded ? new { since_step = degraded.Since, seconds = degraded.For.TotalSeconds, degraded.Failures, degraded.Cause } : null, job.Verdict,
            }))
            : jobs.Count == 0 ? "no jobs" : string.Join('\n', jobs.Select(JobWatch.Line)));

    private static JobId Parse(string text)
    {
        var digits = text.StartsWith("job-", StringComparison.Ordinal) ? text["job-".Length..] : text;
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? new JobId(number)
            : throw new UsageException($"job is '{text}', allowed is a number as jobs list prints it: 3 or job-3");
    }
}
