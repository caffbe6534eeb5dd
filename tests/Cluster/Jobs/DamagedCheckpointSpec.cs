using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Compute.Checkpoints.Training;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>Real processes whose TrainingCheckpoints go bad between two epochs.</summary>
[Collection(Cli.OneConsole.Name)]
public class DamagedCheckpointSpec
{
    // Long enough that the job is not over before somebody who saw its tenth update has asked it to pause.
    private const int Steps = 240;

    [Theory]
    [InlineData(false, "goes on from update")]
    [InlineData(true, "it starts at the first update again")]
    public async Task Job_must_end_bit_equal_when_its_newest_or_all_of_its_TrainingCheckpoints_are_damaged(bool all, string said)
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 2);
        await cluster.AwaitEndAsync(await cluster.SubmitAsync(folder.Job("calm", Steps, 2, every: 5)));
        var job = await PausedAsync(cluster, folder);
        var checkpoints = new TrainingCheckpoints(folder.At("stormy/checkpoint"));
        var newest = checkpoints.Newest();
        Assert.InRange(newest.Count, 2, 3); // three where one was put in place and a newer one noted first: the log does not know that one
        var damaged = all ? newest.Count : 1;
        foreach (var stepsDone in newest.Take(damaged))
        {
            FlipABit(folder.At($"stormy/checkpoint/step-{stepsDone}/{CheckpointManifest.FileOf(1)}"));
        }

        await AskAsync(cluster, job, JobVerb.Resume);
        var end = await cluster.AwaitEndAsync(job);

        Assert.Equal((0L, (long)Steps), (end.Losses, end.CheckpointCommitted));
        var line = Assert.Single(cluster.Lines, line => line.Contains("is lost", StringComparison.Ordinal));
        Assert.Contains(said, line, StringComparison.Ordinal);
        Assert.Contains($"{CheckpointManifest.FileOf(1)}: has", line, StringComparison.Ordinal);
        Assert.True(checkpoints.IsSetAside(newest[0]));
        folder.AssertSameResult("calm", "stormy");
    }

    [Fact]
    public async Task Job_must_fail_with_a_verdict_and_not_begin_anew_when_all_its_TrainingCheckpoints_are_gone()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 2);
        var job = await PausedAsync(cluster, folder);
        Directory.Move(folder.At("stormy/checkpoint"), folder.At("unmounted"));

        await AskAsync(cluster, job, JobVerb.Resume);

        var clock = System.Diagnostics.Stopwatch.StartNew();
        JobStatus status;
        while ((status = await cluster.StatusAsync(job)).State != JobState.Failed)
        {
            Assert.True(clock.Elapsed < ClusterProcess.Patience && status.State != JobState.Completed, cluster.Tail());
            await Task.Delay(10);
        }

        Assert.Contains("holds no TrainingCheckpoint of this job, damaged or whole", status.Verdict, StringComparison.Ordinal);
        Assert.True(status.CheckpointCommitted > 0);
    }

    // At a TrainingCheckpoint, with an older one behind it.
    private static async Task<JobId> PausedAsync(ClusterProcess cluster, TrainingFolder folder)
    {
        var job = await cluster.SubmitAsync(folder.Job("stormy", Steps, 2, every: 5));
        await cluster.AwaitAsync(job, status => status.CheckpointCommitted >= 10, "no progress");
        await AskAsync(cluster, job, JobVerb.Pause);
        await cluster.AwaitAsync(job, status => status.State == JobState.Paused, "it was not paused");
        return job;
    }

    private static void FlipABit(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 4;
        File.WriteAllBytes(file, bytes);
    }

    private static async Task AskAsync(ClusterProcess cluster, JobId job, JobVerb verb)
    {
        var control = new ControlJob(ConsoleLink.NewKey(), job, verb);
        var answer = (ControlAnswer)await cluster.Console.RunAsync(new SubmitterMachine(control, ConsoleLink.RetryEvery, ConsoleLink.Patience), default);
        Assert.True(answer.Outcome == RequestOutcome.Accepted, answer.Text);
    }
}
