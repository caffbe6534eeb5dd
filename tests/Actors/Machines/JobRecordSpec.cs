using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Specs.Machines;

/// <summary>What a job's records come to.</summary>
public class JobRecordSpec
{
    private static readonly JobId Job = new(1);

    [Theory]
    [InlineData("plan", 3)]
    [InlineData("other", 2)]
    public void Updates_beyond_the_TrainingCheckpoint_must_be_taken_back_when_the_job_goes_on_with_another_plan(string plan, long left)
    {
        Assert.Equal(left, Replay([.. ThreeUpdates(), Issue(2, plan, restoreFrom: 2)]).StepsCommitted);
        Assert.Equal(3, Replay([.. ThreeUpdates(), Issue(2, "other", restoreFrom: 2), Commit(2, 3, 203)]).StepsCommitted);
    }

    [Fact]
    public void Compacted_log_must_come_to_the_same_when_updates_were_taken_back()
    {
        LogRecord[] records = [.. ThreeUpdates(), Issue(2, "other", restoreFrom: 2), Commit(2, 3, 203), Issue(3, "third", restoreFrom: 2)];
        for (var length = 1; length <= records.Length; length++)
        {
            var (whole, compact) = (Replay(records[..length]), Replay([.. JobBook.Compact(records[..length])]));
            Assert.Equal((whole.StepsCommitted, whole.CheckpointCommitted, whole.Epochs), (compact.StepsCommitted, compact.CheckpointCommitted, compact.Epochs));
        }
    }

    [Theory]
    [InlineData("plan", 3)]
    [InlineData("other", 0)]
    public void Updates_must_stay_committed_when_their_TrainingCheckpoint_is_lost_unless_the_job_goes_on_with_another_plan(string plan, long left)
    {
        LogRecord[] records = [.. ThreeUpdates(), new CheckpointLost(Job, 2, 0, "damaged")];
        var lost = Replay(records);
        Assert.Equal((3, 0, new StateDigest(103)), (lost.StepsCommitted, lost.CheckpointCommitted, lost.DigestAfter(3)));
        var next = Replay([.. records, Issue(2, plan, restoreFrom: 0)]);
        Assert.Equal((left, plan == "plan" ? new StateDigest(103) : null), (next.StepsCommitted, next.DigestAfter(3)));
        Assert.Equal(left, Replay([.. JobBook.Compact([.. records, Issue(2, plan, restoreFrom: 0)])]).StepsCommitted);
    }

    [Fact]
    public void Updates_beyond_the_TrainingCheckpoint_must_be_taken_back_when_data_are_left_out()
    {
        LogRecord[] records = [.. ThreeUpdates(), new WindowSkipped(Job, new(1, 1), new(2, 4), "loss is NaN"), Issue(2, "plan", restoreFrom: 2), Commit(2, 3, 203)];
        var back = Replay(records[..^2]);
        Assert.Equal((2, 2, new StateDigest(102), null), (back.StepsCommitted, back.CheckpointCommitted, back.DigestAfter(2), back.DigestAfter(3)));
        foreach (var on in new[] { Replay(records), Replay([.. JobBook.Compact(records)]) })
        {
            Assert.Equal((3, new StateDigest(203), new SkippedWindow(2, 4)), (on.StepsCommitted, on.DigestAfter(3), Assert.Single(on.Windows)));
        }
    }

    private static LogRecord[] ThreeUpdates() =>
    [
        new JobSubmitted(Job, "key", "hash", new JobSpec { Name = "a", Ranks = 3, MinRanks = 2, TrainSteps = 9, CheckpointEvery = 2 }),
        Issue(1, "plan", restoreFrom: 0), Commit(1, 1, 101), Commit(1, 2, 102), new CheckpointCommitted(Job, new(1, 1), 2, 3, "manifest"), Commit(1, 3, 103),
    ];

    private static EpochIssued Issue(long epoch, string plan, long restoreFrom) => new(Job, new(1, epoch), [new("m0", 1)], plan, restoreFrom, epoch == 1 ? EpochEnd.None : EpochEnd.MemberExit);

    private static StepCommitted Commit(long epoch, long stepsDone, ulong digest) => new(Job, new(1, epoch), stepsDone, new(digest));

    private static JobRecord Replay(IReadOnlyList<LogRecord> records) => new CoordinatorMachine(2, records, new(), new TestPlanner()).Book.Jobs[0];
}
