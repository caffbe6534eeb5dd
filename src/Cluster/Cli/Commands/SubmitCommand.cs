using System.CommandLine;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring submit-training JOB.conf</c>: a message to the seed.</summary>
internal static class SubmitCommand
{
    internal static Command Create()
    {
        var job = new Argument<string>("job") { Description = "A job file, for example hocon/jobs/tiny.conf." };
        var watch = new Option<bool>("--watch") { Description = "Follow the job until it is over; ctrl-c ends the watching, not the job." };
        var key = new Option<string?>("--key") { Description = "Names this submission: however often it is sent, there is one job. Default: a new one." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the model that an earlier run left in the output folder." };
        var command = new Command("submit-training", "Submits a job to a cluster. Any key of the job can follow: --parallelism.ranks 4. Example: actorring submit-training hocon/jobs/tiny.conf --watch")
        {
            job, watch, key, overwrite, ClusterOptions.OfMember,
        };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async result =>
        {
            using var signal = new StopSignal("the job goes on; watch it again: actorring jobs watch");
            var resolved = JobIntake.Resolve(result.GetValue(job)!, [.. result.UnmatchedTokens], result.GetValue(overwrite));
            await using var link = await ConsoleLink.ConnectAsync(ClusterOptions.PlaceOf(result), signal.Token);
            var submitted = await SubmitAsync(link, resolved, result.GetValue(key) ?? ConsoleLink.NewKey(), signal.Token);
            return result.GetValue(watch) ? await JobWatch.FollowAsync(link, submitted, withSteps: true, signal.Token) : 0;
        });
        return command;
    }

    /// <summary>Submits and says which job it is.</summary>
    /// <exception cref="UsageException">The seed refuses it.</exception>
    internal static async Task<JobId> SubmitAsync(ConsoleLink link, ResolvedJob job, string key, CancellationToken stop)
    {
        var submitted = await link.SubmitAsync(job.ToSpec(), key, stop);
        Console.WriteLine($"{submitted}: {job.Settings.Name}, {job.Settings.Parallelism.Ranks} ranks, {job.Settings.Parallelism.Mode}");
        return submitted;
    }
}
