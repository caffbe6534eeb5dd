using ActorRing.Actors.Messages;
using ActorRing.Cluster.Specs.Cli;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>Real processes whose disk for TrainingCheckpoints is full for a while.</summary>
[Collection(OneConsole.Name)]
public class DegradedClusterSpec
{
    private const int Steps = 300;

    [TinyDiskTheory]
    [InlineData(8192)]
    public async Task Job_must_train_on_and_show_it_while_its_disk_is_full_and_end_bit_equal_when_there_is_room_again(int kibibytes)
    {
        using var folder = new TrainingFolder();
        using var disk = new TinyDisk(folder.At("stormy/checkpoint"), kibibytes);
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 2);
        await cluster.AwaitEndAsync(await cluster.SubmitAsync(folder.Job("calm", Steps, 2, every: 5)));
        var ballast = folder.At("stormy/checkpoint/ballast");
        var job = await cluster.SubmitAsync(folder.Job("stormy", Steps, 2, every: 5));
        await cluster.AwaitAsync(job, status => status.CheckpointCommitted >= 10, "no progress");

        // A TrainingCheckpoint that is being committed frees the room of an older one.
        var full = await cluster.AwaitAsync(job, status => Fill(ballast) && status.Degraded is not null, "it was not noticed");
        Assert.Contains("No space left on device", full.Degraded!.Cause, StringComparison.Ordinal);
        var later = await cluster.AwaitAsync(job, status => Fill(ballast) && status.StepsCommitted >= full.StepsCommitted + 30, "it did not train on");
        Assert.Equal((JobState.Running, full.CheckpointCommitted, full.Degraded.Since), (later.State, later.CheckpointCommitted, later.Degraded!.Since));
        Assert.True(later.Degraded.Failures > 1);
        Assert.Contains($"durability: degraded since update {full.Degraded.Since}, for ", Assert.Single(List(folder), line => line.Contains("stormy", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.InRange(Directory.GetDirectories(folder.At("stormy/checkpoint"), "*.tmp-*").Length, 0, 4); // what failed is deleted: one in hand, one to be deleted, as the calendar has it
        File.Delete(ballast);
        var again = await cluster.AwaitAsync(job, status => status.Degraded is null, "it did not recover");
        var end = await cluster.AwaitEndAsync(job);

        Assert.True(again.CheckpointCommitted > later.StepsCommitted);
        Assert.Equal(((long)Steps, (long)Steps, 0L), (end.StepsCommitted, end.CheckpointCommitted, end.Losses));
        Assert.Single(cluster.Lines, line => line.Contains("durability: degraded", StringComparison.Ordinal));
        Assert.Single(cluster.Lines, line => line.Contains("durability: full again", StringComparison.Ordinal));
        Assert.Empty(Directory.GetDirectories(folder.At("stormy/checkpoint"), "*.tmp-*"));
        folder.AssertSameResult("calm", "stormy");
    }

    [TinyDiskTheory]
    [InlineData(4096, "--checkpoint.folder", "disk/checkpoint", "rank-00000.safetensors: No space left on device")]
    [InlineData(4096, "--job.output", "disk/full", "No space left on device : '/")]
    public async Task Job_must_wait_degraded_behind_its_last_update_and_be_completed_when_there_is_room(int kibibytes, string option, string place, string cause)
    {
        using var folder = new TrainingFolder();
        using var disk = new TinyDisk(folder.At("disk"), kibibytes);
        File.WriteAllBytes(folder.At("disk/ballast"), new byte[(kibibytes - 300) << 10]);
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 1);
        var job = await cluster.SubmitAsync(folder.Job("full", steps: 10, 1, every: 10), "--checkpoint.folder", folder.At("checkpoint"), option, folder.At(place));
        await cluster.AwaitAsync(job, status => status.StepsCommitted == 10, "no progress");
        var waits = await cluster.AwaitAsync(job, status => status.Degraded is { } degraded && degraded.For > TimeSpan.FromSeconds(2), "it did not wait");
        Assert.Equal((JobState.Running, 0L, 10L), (waits.State, waits.CheckpointCommitted, waits.Degraded!.Since));

        File.Delete(folder.At("disk/ballast"));

        Assert.Equal(10, (await cluster.AwaitEndAsync(job)).CheckpointCommitted);
        var lines = cluster.Lines.Where(line => line.Contains("No space left", StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count == 2, string.Join('\n', lines)); // the rank's and the seed's, once each however often it was tried
        Assert.All(lines, line => Assert.Contains(cause, line, StringComparison.Ordinal));
    }

    private static string[] List(TrainingFolder folder) => CommandRun.Of("jobs", "list", "--state", folder.State).Output.Split('\n');

    private static bool Fill(string ballast)
    {
        try
        {
            using var file = new FileStream(ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (true)
            {
                file.Write(new byte[16 << 10]);
            }
        }
        catch (IOException)
        {
            return true;
        }
    }
}
