using System.Diagnostics;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>Real processes that are really killed: whatever happens, a job ends with the same bits.</summary>
[Collection(Cli.OneConsole.Name)]
public class RealKillSpec
{
    private const int Ranks = 3;

    private static readonly FaultPoint[] Points =
        [FaultPoint.Begin, FaultPoint.Attention, FaultPoint.Rotation, FaultPoint.Backward, FaultPoint.Reduce, FaultPoint.Update, FaultPoint.Checkpoint];

    [Fact]
    public async Task Job_must_end_bit_equal_when_every_rank_is_killed_at_every_point()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, Ranks);
        await cluster.AwaitEndAsync(await cluster.SubmitAsync(folder.Job("calm", steps: 120, Ranks, every: 4)));

        var job = await cluster.SubmitAsync(folder.Job("stormy", steps: 120, Ranks, every: 4));
        var kills = 0;
        foreach (var point in Points)
        {
            for (var rank = 0; rank < Ranks; rank++)
            {
                var before = await cluster.AwaitAsync(job, status => status.EpochRanks == Ranks && status.StepsCommitted > kills, "no progress");
                await cluster.ArmAsync(rank, point);
                await cluster.AwaitAsync(job, status => status.Epochs > before.Epochs && status.StepsCommitted > before.StepsCommitted, $"no recovery from a kill of rank {rank} at {point}");
                kills++;
            }
        }

        var end = await cluster.AwaitEndAsync(job);
        Assert.Equal(21, kills);
        Assert.True(end.Losses >= kills, $"{end.Losses} epochs were lost");
        folder.AssertSameResult("calm", "stormy");
    }
}
