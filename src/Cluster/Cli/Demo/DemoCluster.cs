using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Commands;
using ActorRing.Cluster.Cli.Telemetry;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Demo;

/// <summary>A seed and its members for one job, gone when it is over.</summary>
internal static class DemoCluster
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);

    /// <summary>Trains the job, and loses a rank on the way if it is told to.</summary>
    /// <param name="job">Its ranks are the members.</param>
    /// <param name="kill">The rank that is killed, and in which update from 1; null for an undisturbed run.</param>
    /// <param name="run">Written to.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="InvalidOperationException">The job failed, or the cluster ended before it.</exception>
    internal static async Task TrainAsync(ResolvedJob job, (int Rank, long Step)? kill, DemoRun run, CancellationToken stop)
    {
        using var folder = new TemporaryFolder();
        var place = new ClusterPlace(Path.Combine(folder.Path, "cluster"));
        await using var telemetry = new SeedTelemetry(port: null) { Also = run.Take, KeepsMembersQuiet = true };
        await using var seed = new SeedProcess(place, job.Settings.Parallelism.Ranks, telemetry);
        await seed.StartAsync(stop);
        var following = FollowAsync(place, job, kill, run, stop);
        if (await Task.WhenAny(following, seed.Ended) != following)
        {
            throw new InvalidOperationException((await seed.Ended).Reason);
        }

        await following;
        seed.Drain();
        await seed.Ended;
    }

    private static async Task FollowAsync(ClusterPlace place, ResolvedJob job, (int Rank, long Step)? kill, DemoRun run, CancellationToken stop)
    {
        await using var link = await ConsoleLink.ConnectAsync(place, stop);
        var submitted = await link.SubmitAsync(job.ToSpec(), ConsoleLink.NewKey(), stop);
        var status = await JobWatch.FindAsync(link, submitted, stop);
        while (!JobRecord.IsFinal(status.State))
        {
            if (kill is { } order && status.StepsCommitted > 0)
            {
                // Armed while the ranks hold their places; it happens when the update comes by.
                await ChaosCommand.ArmAsync(link, new ArmFault(ConsoleLink.NewKey(), new GlobalRank(order.Rank), order.Step - 1, FaultPoint.Attention, Fault.Kill, TimeSpan.Zero));
                run.Note($"rank {order.Rank} will kill itself in the attention of update {order.Step}");
                kill = null;
            }

            var ring = await JobWatch.RingAsync(link, stop);
            run.Ring = ring.Phase == EpochPhase.Training ? ring : run.Ring;
            await Task.Delay(Every, stop);
            status = await JobWatch.FindAsync(link, submitted, stop);
        }

        if (status.State != JobState.Completed)
        {
            throw new InvalidOperationException($"the job ended as {status.State.ToString().ToLowerInvariant()}: {status.Verdict}");
        }
    }
}
