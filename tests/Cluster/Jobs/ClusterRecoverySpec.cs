using System.Diagnostics;
using System.Text.RegularExpressions;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>What goes wrong with real processes, other than kills of ranks, and what people ask for.</summary>
[Collection(Cli.OneConsole.Name)]
public class ClusterRecoverySpec
{
    private const int Steps = 40;

    [Theory]
    [InlineData(FaultPoint.Rotation, Fault.Stop)]
    [InlineData(FaultPoint.Backward, Fault.Stop)]
    [InlineData(FaultPoint.Attention, Fault.Cut)]
    public async Task Job_must_end_bit_equal_when_a_rank_stops_or_is_cut_off(FaultPoint point, Fault fault)
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 3);
        await cluster.AwaitEndAsync(await cluster.SubmitAsync(folder.Job("calm", Steps, 3, every: 5)));
        var job = await cluster.SubmitAsync(folder.Job("stormy", Steps, 3, every: 5));
        await cluster.AwaitAsync(job, status => status.StepsCommitted > 0, "no progress");

        await cluster.ArmAsync(1, point, fault);
        await cluster.AwaitAsync(job, status => status.Losses > 0, "the fault was not noticed");

        await cluster.AwaitEndAsync(job);
        folder.AssertSameResult("calm", "stormy");
    }

    [Fact]
    public async Task Ring_must_name_rank_layer_and_hop_within_5_s_when_a_rank_is_stopped_in_mid_ring()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 3);
        var job = await cluster.SubmitAsync(folder.Job("stopped", steps: 2000, 3, every: 100));
        await cluster.AwaitAsync(job, status => status.StepsCommitted > 0, "no progress");

        var started = Stopwatch.GetTimestamp();
        await cluster.ArmAsync(1, FaultPoint.Rotation, Fault.Stop);
        await cluster.AwaitAsync(job, status => status.Losses > 0, "the stop was not noticed");
        var ring = await cluster.RingAsync();

        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 5);
        var outcome = Assert.Single(ring.Outcomes);
        Assert.True(outcome.Cause is EpochEnd.SocketEnd or EpochEnd.Silence, outcome.Reason);
        Assert.True(Regex.IsMatch(outcome.Reason, @"rank 1.*connection ended.*rank [02] has waited \d+ ms for a KV block from rank 1 at update \d+, layer 0, ring step \d"), outcome.Reason);
        Assert.Contains(cluster.Lines, line => line.Contains(outcome.Reason, StringComparison.Ordinal));
        Assert.Equal(0, await AskAsync(cluster, job, JobVerb.Cancel));
    }

    [Fact]
    public async Task Job_must_be_found_and_finished_bit_equal_when_the_seed_is_killed_and_started_again()
    {
        using var folder = new TrainingFolder();
        var seed = ClusterProcess.Start(folder.State, "seed");
        await seed.ConnectAsync();
        await using var first = ClusterProcess.Start(folder.State, "member", "--name", "rank-0");
        await using var second = ClusterProcess.Start(folder.State, "member", "--name", "rank-1");
        await seed.AwaitEndAsync(await seed.SubmitAsync(folder.Job("calm", Steps, 2, every: 5)));
        var job = await seed.SubmitAsync(folder.Job("stormy", Steps * 4, 2, every: 5));
        await seed.AwaitAsync(job, status => status.StepsCommitted > 10, "no progress");

        await seed.DisposeAsync(); // killed
        await using var again = ClusterProcess.Start(folder.State, "seed");
        await again.ConnectAsync();

        var end = await again.AwaitEndAsync(job);
        Assert.Equal(Steps * 4, end.CheckpointCommitted);
        Assert.DoesNotContain(first.Lines.Concat(second.Lines), line => line.Contains("asked to leave", StringComparison.Ordinal));
        await again.AwaitEndAsync(await again.SubmitAsync(folder.Job("undisturbed", Steps * 4, 2, every: 5)));
        folder.AssertSameResult("undisturbed", "stormy");
    }

    [Fact]
    public async Task Job_must_go_on_with_fewer_ranks_when_a_lost_one_is_not_replaced_and_the_job_allows_it()
    {
        using var folder = new TrainingFolder();
        await using var seed = ClusterProcess.Start(folder.State, "seed");
        await seed.ConnectAsync();
        await using var first = ClusterProcess.Start(folder.State, "member", "--name", "rank-0");
        await using var second = ClusterProcess.Start(folder.State, "member", "--name", "rank-1");
        await using var third = ClusterProcess.Start(folder.State, "member", "--name", "rank-2");
        var job = await seed.SubmitAsync(folder.Job("shrinks", Steps, 3, every: 5), "--parallelism.min_ranks", "2");
        await seed.AwaitAsync(job, status => status.StepsCommitted > 0, "no progress");

        await seed.ArmAsync(2, FaultPoint.Begin);

        var end = await seed.AwaitEndAsync(job);
        Assert.Equal((2, Steps), (end.EpochRanks, (int)end.StepsCommitted));
    }

    [Fact]
    public async Task Member_must_leave_in_good_order_and_its_job_go_on_when_it_is_told_to()
    {
        using var folder = new TrainingFolder();
        await using var seed = ClusterProcess.Start(folder.State, "seed");
        await seed.ConnectAsync();
        await using var first = ClusterProcess.Start(folder.State, "member", "--name", "rank-0");
        await using var second = ClusterProcess.Start(folder.State, "member", "--name", "rank-1");
        var job = await seed.SubmitAsync(folder.Job("goes-on", steps: 400, 2, every: 200));
        await seed.AwaitAsync(job, status => status.StepsCommitted > 0, "no progress");
        await using var spare = ClusterProcess.Start(folder.State, "member", "--name", "rank-2");

        var drain = new DrainMember(ConsoleLink.NewKey(), "rank-1");
        var answer = (ControlAnswer)await seed.Console.RunAsync(new SubmitterMachine(drain, ConsoleLink.RetryEvery, ConsoleLink.Patience), default);

        Assert.Equal(RequestOutcome.Accepted, answer.Outcome);
        Assert.Equal(0, await second.EndAsync());
        var end = await seed.AwaitEndAsync(job);
        Assert.Equal(0, end.Losses);
    }

    [Fact]
    public async Task Job_must_pause_resume_and_be_one_however_often_it_is_submitted()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 2);
        var spec = JobIntake.Resolve(folder.Job("pauses", steps: 300, 2, every: 50), [], replacesModel: false).ToSpec();
        var answers = new List<SubmitAnswer>();
        for (var time = 0; time < 3; time++)
        {
            answers.Add((SubmitAnswer)await cluster.Console.RunAsync(new SubmitterMachine("once", spec, ConsoleLink.RetryEvery, ConsoleLink.Patience), default));
        }

        Assert.All(answers, answer => Assert.Equal((RequestOutcome.Accepted, new JobId(1)), (answer.Outcome, answer.Job)));
        await using var another = await ConsoleLink.ConnectAsync(cluster.Place, default); // where no late answer to the first question waits
        var other = (SubmitAnswer)await another.RunAsync(new SubmitterMachine("once", spec with { TrainSteps = 301 }, ConsoleLink.RetryEvery, ConsoleLink.Patience), default);
        Assert.Equal(RequestOutcome.Conflict, other.Outcome);

        var job = new JobId(1);
        await cluster.AwaitAsync(job, status => status.StepsCommitted > 0, "no progress");
        Assert.Equal(0, await AskAsync(cluster, job, JobVerb.Pause));
        var paused = await cluster.AwaitAsync(job, status => status.State == JobState.Paused, "it was not paused");
        Assert.Equal(paused.StepsCommitted, paused.CheckpointCommitted);
        Assert.Equal(0, await AskAsync(cluster, job, JobVerb.Resume));
        var end = await cluster.AwaitEndAsync(job);
        Assert.Equal((300L, 0L), (end.CheckpointCommitted, end.Losses));
    }

    [Fact]
    public async Task Second_seed_must_be_refused_and_the_first_go_on()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 1);
        await using var second = ClusterProcess.Start(folder.State, "seed");

        Assert.Equal(1, await second.EndAsync());
        Assert.Matches("held by process [0-9]+; stop that one or use another folder", second.Tail());
        await cluster.AwaitEndAsync(await cluster.SubmitAsync(folder.Job("goes-on", steps: 6, 1, every: 5)));
    }

    [Theory]
    [InlineData("--parallelism.ranks", "0", "parallelism.ranks")]
    [InlineData("--parallelism.mode", "zigzga", "parallelism.mode is 'zigzga'")]
    [InlineData("--parallelism.min_ranks", "9", "parallelism.min_ranks is 9; allowed: 1 to 2, the ranks of the job")]
    [InlineData("--parallelism.data_parallel_degree", "2", "gradient_accumulation = 1 cannot be shared by dp = 2; nearest possible: 2")]
    public void Submission_must_be_refused_before_anything_starts_when_the_job_cannot_be(string key, string value, string message)
    {
        using var folder = new TrainingFolder();
        var run = Cli.CommandRun.Of("submit-training", folder.Job("never", steps: 4, 2, every: 2), key, value, "--state", folder.State);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.At("never")));
    }

    [Fact]
    public void Submission_must_be_refused_in_one_line_when_all_ranks_together_need_more_memory_than_there_is()
    {
        using var folder = new TrainingFolder();
        var run = Cli.CommandRun.Of("submit-training", folder.Job("never", steps: 4, 4, every: 2), "--stages.1.seq_len", "400000000", "--state", folder.State);

        Assert.Equal(1, run.ExitCode);
        Assert.Matches("^actorring: stage second: 4 ranks need .* of each .* planned: .*, rotations .*; allowed: up to .* GiB", Assert.Single(run.Errors));
        Assert.False(Directory.Exists(folder.At("never")));
    }

    private static async Task<int> AskAsync(ClusterProcess cluster, JobId job, JobVerb verb)
    {
        var control = new ControlJob(ConsoleLink.NewKey(), job, verb);
        var answer = (ControlAnswer)await cluster.Console.RunAsync(new SubmitterMachine(control, ConsoleLink.RetryEvery, ConsoleLink.Patience), default);
        return answer.Outcome == RequestOutcome.Accepted ? 0 : throw new UsageException(answer.Text);
    }
}
