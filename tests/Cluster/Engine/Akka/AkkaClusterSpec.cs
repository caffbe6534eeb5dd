using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Specs.Jobs;

namespace ActorRing.Cluster.Specs.Engine.Akka;

/// <summary>Jobs of real processes that meet in an Akka cluster.</summary>
[Collection(Cli.OneConsole.Name)]
public class AkkaClusterSpec
{
    private const int Steps = 40;

    [Fact]
    public async Task Job_must_end_bit_equal_to_one_on_the_embedded_engine_when_its_ranks_are_killed()
    {
        using var folder = new TrainingFolder();
        await using (var embedded = await ClusterProcess.StartAsync(folder.State, 3))
        {
            await embedded.AwaitEndAsync(await embedded.SubmitAsync(folder.Job("embedded", Steps, 3, every: 5)));
        }

        await using var cluster = await ClusterProcess.StartAsync(folder.At("akka-state"), 3, "--engine", "akka");
        var job = await cluster.SubmitAsync(folder.Job("akka", Steps, 3, every: 5));
        FaultPoint[] points = [FaultPoint.Attention, FaultPoint.Backward];
        for (var kills = 0; kills < points.Length; kills++)
        {
            var before = await cluster.AwaitAsync(job, status => status.EpochRanks == 3 && status.StepsCommitted > kills, "no progress");
            await cluster.ArmAsync(kills + 1, points[kills]);
            await cluster.AwaitAsync(job, status => status.Epochs > before.Epochs && status.StepsCommitted > before.StepsCommitted, "no recovery");
        }

        var end = await cluster.AwaitEndAsync(job);
        Assert.True(end.Losses == points.Length, $"{end.Losses} losses after {points.Length} kills:\n{string.Join('\n', cluster.Lines)}");
        folder.AssertSameResult("embedded", "akka");
    }

    [Fact]
    public async Task Job_must_be_found_and_finished_by_the_ranks_that_are_there_when_the_seed_is_killed_and_started_again()
    {
        using var folder = new TrainingFolder();
        var seed = ClusterProcess.Start(folder.State, "seed", "--engine", "akka");
        await seed.ConnectAsync();
        await using var first = ClusterProcess.Start(folder.State, "member", "--name", "rank-0");
        await using var second = ClusterProcess.Start(folder.State, "member", "--name", "rank-1");
        await seed.AwaitEndAsync(await seed.SubmitAsync(folder.Job("calm", Steps * 4, 2, every: 5)));
        var job = await seed.SubmitAsync(folder.Job("stormy", Steps * 4, 2, every: 5));
        await seed.AwaitAsync(job, status => status.StepsCommitted > 10, "no progress");

        await seed.DisposeAsync(); // killed
        await using var again = ClusterProcess.Start(folder.State, "seed", "--engine", "akka");
        await again.ConnectAsync();

        await again.AwaitEndAsync(job);
        Assert.DoesNotContain(first.Lines.Concat(second.Lines), line => line.Contains("asked to leave", StringComparison.Ordinal));
        folder.AssertSameResult("calm", "stormy");
    }
}
