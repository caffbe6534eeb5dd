using System.CommandLine;
using System.Globalization;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Cli.Telemetry;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring up</c>: a whole cluster in one terminal, and a job for it.</summary>
internal static class UpCommand
{
    internal static Command Create()
    {
        var job = new Argument<string?>("job") { Description = "A job file to submit and follow; without one the cluster waits for jobs until it is told to stop.", Arity = ArgumentArity.ZeroOrOne };
        var ranks = NumberOption.Of("--ranks", "Member processes, and the ranks of the job unless it says otherwise.", 4, 1, 1024);
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the model that an earlier run left in the output folder." };
        var command = new Command("up", "Runs a seed and its members in one terminal. Any key of the job can follow. Example: actorring up --ranks 4 hocon/jobs/tiny.conf") { job, ranks, overwrite, SeedCommand.MetricsPort, SeedCommand.NeedleFolder, ClusterOptions.OfOneMachine };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async result =>
        {
            var (place, members) = (ClusterOptions.PlaceOf(result), result.GetValue(ranks));
            var resolved = result.GetValue(job) is { } path ? Resolve(path, members, [.. result.UnmatchedTokens], result.GetValue(overwrite)) : null;
            using var over = new CancellationTokenSource();
            await using var telemetry = new SeedTelemetry(result.GetValue(SeedCommand.MetricsPort), result.GetValue(SeedCommand.NeedleFolder)!);
            await using var seed = new SeedProcess(place, members, telemetry);
            using var signals = new DrainSignals(() =>
            {
                over.Cancel();
                seed.Drain();
            });
            await seed.StartAsync(over.Token);
            if (resolved is null)
            {
                return (await seed.Ended).IsClean ? 0 : 1;
            }

            var following = FollowAsync(place, resolved, over.Token);
            var code = await Task.WhenAny(following, seed.Ended) == following ? await following : over.IsCancellationRequested ? CommandLine.Interrupted : 1;
            ControlStatistics.PrintIfAsked(seed.Figures, null);
            return code;
        });
        return command;
    }

    private static ResolvedJob Resolve(string path, int ranks, string[] overrides, bool overwrite)
    {
        string[] said = overrides.Any(word => word.StartsWith("--parallelism.ranks", StringComparison.Ordinal)) ? [] : ["--parallelism.ranks", ranks.ToString(CultureInfo.InvariantCulture)];
        return JobIntake.Resolve(path, [.. overrides, .. said], overwrite);
    }

    private static async Task<int> FollowAsync(ClusterPlace place, ResolvedJob job, CancellationToken stop)
    {
        await using var link = await ConsoleLink.ConnectAsync(place, stop);
        var submitted = await SubmitCommand.SubmitAsync(link, job, ConsoleLink.NewKey(), stop);
        return await JobWatch.FollowAsync(link, submitted, withSteps: false, stop);
    }
}
