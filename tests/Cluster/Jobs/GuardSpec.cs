using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Soak;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>Real processes in which a number or a bit goes wrong: it is found before anything is built on it, the right rank is named, and the job ends with the same bits.</summary>
[Collection(Cli.OneConsole.Name)]
public class GuardSpec
{
    private const int Ranks = 3;
    private const int OddTokens = 191; // not all ranks have the same number of them

    [Fact]
    public async Task Job_must_end_bit_equal_and_name_the_rank_when_a_number_or_a_bit_goes_wrong()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, Ranks);
        await cluster.AwaitEndAsync(await cluster.SubmitAsync(folder.Job("calm", steps: 60, Ranks, every: 20, seqLen: OddTokens)));
        var job = await cluster.SubmitAsync(folder.Job("stormy", steps: 60, Ranks, every: 20, seqLen: OddTokens, more: "guards { verify_frames = true, recompute_every = 1 }"));

        // A fault of one computation: it is computed once more, and no epoch is lost.
        var before = await cluster.AwaitAsync(job, status => status.StepsCommitted > 0, "no progress");
        await cluster.ArmAsync(1, FaultPoint.Reduce, Fault.Nan);
        await cluster.AwaitLineAsync("must be finite; the update was not made: it is computed once more");
        Assert.Equal(before.Epochs, (await cluster.StatusAsync(job)).Epochs);

        // A copy in another rank's memory: given up, and nothing is lost.
        await cluster.ArmAsync(2, FaultPoint.Replica, Fault.Flip);
        await cluster.AwaitLineAsync("is given up: the weights of shard");
        Assert.Equal(before.Epochs, (await cluster.StatusAsync(job)).Epochs);

        foreach (var (rank, point, what) in new[] { (2, FaultPoint.Begin, "weights"), (0, FaultPoint.Update, "moments") })
        {
            before = await cluster.AwaitAsync(job, status => status.EpochRanks == Ranks && status.StepsCommitted > before.StepsCommitted, "no progress");
            await cluster.ArmAsync(rank, point, Fault.Flip);
            await cluster.AwaitAsync(job, status => status.Epochs > before.Epochs && status.StepsCommitted > before.StepsCommitted, $"no recovery from a flipped bit at {point}");
            var outcome = (await cluster.RingAsync()).Outcomes[^1];
            Assert.Equal(EpochEnd.StateCorrupt, outcome.Cause);
            Assert.StartsWith($"rank {rank} ", outcome.Reason, StringComparison.Ordinal);
            Assert.Contains(what, outcome.Reason, StringComparison.Ordinal);
        }

        await cluster.AwaitEndAsync(job);
        folder.AssertSameResult("calm", "stormy");
    }

    // Twice the same, and once with a rank lost behind the window: whoever restores anything must know what is left out.
    [Fact]
    public async Task Job_must_leave_out_the_data_that_no_update_can_be_made_of_and_go_on_bit_equal()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, Ranks);
        await cluster.AwaitEndAsync(await cluster.SubmitAsync(folder.Job("calm", steps: 100, Ranks, every: 80)));
        foreach (var name in new[] { "once", "again" })
        {
            var job = await cluster.SubmitAsync(folder.Job(name, steps: 100, Ranks, every: 80), "--guards.non_finite", "rollback");
            await cluster.AwaitAsync(job, status => status.EpochRanks == Ranks, "no progress");
            await cluster.ArmAsync(1, FaultPoint.Reduce, Fault.NanTwice, step: 70);
            await cluster.AwaitAsync(job, status => status.Epochs == 2 && status.StepsCommitted is > 5 and < 60, "it did not go back");
            if (name == "again")
            {
                await cluster.ArmAsync(2, FaultPoint.Attention, Fault.Kill, step: 65);
            }

            var end = await cluster.AwaitEndAsync(job);
            Assert.Equal((name == "again" ? 3L : 2L, name == "again" ? 1L : 0L), (end.Epochs, end.Losses));
            var outcome = (await cluster.RingAsync()).Outcomes.First(outcome => outcome.Job == job);
            Assert.Equal(EpochEnd.WindowSkipped, outcome.Cause);
            Assert.Matches(@"^rank \d .* at update 70: step 71: gradient of .* is NaN", outcome.Reason);
            await cluster.AwaitLineAsync($"{job} goes back to update 0 and leaves out the data of updates 1 to 71; 70 committed updates are taken back");
        }

        var none = new Dictionary<long, double>();
        Assert.Null(RunResult.Difference(ResultOf("once"), ResultOf("again")));
        Assert.Equal("weights or moments", RunResult.Difference(ResultOf("once") with { Losses = none }, ResultOf("calm") with { Losses = none }));

        // Updates that were taken back have another loss than those that came in their place.
        RunResult ResultOf(string name) => RunResult.Of(folder.At(name)) with { Contradictions = 0 };
    }

    [Fact]
    public async Task Job_must_stop_at_once_with_a_verdict_when_its_rule_for_what_is_not_finite_says_so()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, Ranks);
        var job = await cluster.SubmitAsync(folder.Job("job", steps: 4000, Ranks, every: 50), "--guards.non_finite", "stop");
        await cluster.AwaitAsync(job, status => status.StepsCommitted > 0, "no progress");
        await cluster.ArmAsync(1, FaultPoint.Reduce, Fault.Nan);

        var clock = System.Diagnostics.Stopwatch.StartNew();
        JobStatus status;
        while ((status = await cluster.StatusAsync(job)).State != JobState.Failed && clock.Elapsed < ClusterProcess.Patience)
        {
            await Task.Delay(20);
        }

        Assert.Equal((JobState.Failed, 1L), (status.State, status.Epochs));
        Assert.Matches(@"^rank \d .* at update \d+: step \d+: gradient of .* is NaN, must be finite; the update was not made$", status.Verdict);
    }
}
