using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Partitions;

namespace ActorRing.Cluster.Specs.Partitions;

public class PartitionJudgeSpec
{
    private static readonly JobId Job = new(1);

    private readonly PartitionJudge _judge = new(runAhead: 2);

    [Fact]
    public void Judge_must_find_nothing_when_an_epoch_follows_another_and_updates_are_done_again_with_the_same_end()
    {
        Issue(1, 0);
        Do(1, 1, "rank-0#1", "rank-1#1");
        Commit(1, 1);
        Do(1, 2, "rank-0#1", "rank-1#1");
        Do(1, 3, "rank-0#1");
        Issue(2, 1);
        Do(2, 2, "rank-0#1", "rank-1#2");
        Commit(2, 2);
        _judge.Compare();

        Assert.Empty(_judge.Flaws);
        Assert.Null(_judge.Stray());
    }

    [Fact]
    public void Judge_must_name_an_epoch_that_commits_after_a_later_one_was_issued()
    {
        Issue(1, 0);
        Issue(2, 0);
        Do(1, 1, "rank-0#1", "rank-1#1");

        Commit(1, 1);

        Assert.Equal("update 1 of job-1 was committed by epoch 1.1, and the newest is 1.2", Assert.Single(_judge.Flaws));
    }

    [Fact]
    public void Judge_must_name_an_epoch_that_does_not_grow()
    {
        Issue(2, 0);

        Issue(1, 0);

        Assert.Equal("epoch 1.1 was issued after 1.2", Assert.Single(_judge.Flaws));
    }

    [Fact]
    public void Judge_must_name_updates_that_are_committed_twice_or_too_early()
    {
        Issue(1, 0);
        Commit(1, 1);
        Commit(1, 1);
        Commit(1, 3);

        Assert.Equal(["update 1 of job-1 was committed twice", "update 3 of job-1 was committed before the one before it"], _judge.Flaws);
    }

    [Fact]
    public void Judge_must_name_an_update_with_two_ends_though_one_side_never_committed_it()
    {
        Issue(1, 0);
        Do(1, 1, "rank-0#1", "rank-1#1");
        Commit(1, 1);
        Issue(2, 0);

        Say("rank-0#2", "update record 1 2 1 00000000000000ff");

        Assert.Equal("update 1 of job-1 ends in 000000000000000b by rank-0#1 and in 00000000000000ff by rank-0#2", Assert.Single(_judge.Flaws));
    }

    [Fact]
    public void Judge_must_name_a_rank_that_did_not_compute_what_its_epoch_committed()
    {
        Issue(1, 0);
        Do(1, 1, "rank-0#1");
        Commit(1, 1);

        _judge.Compare();

        Assert.Equal("update 1 of job-1 was committed by epoch 1.1, in which rank-1 did not compute it", Assert.Single(_judge.Flaws));
    }

    [Fact]
    public void Judge_must_name_a_side_that_goes_on_without_commits()
    {
        Issue(1, 0);
        Do(1, 1, "rank-0#1", "rank-1#1");
        Commit(1, 1);
        Do(1, 2, "rank-0#1");
        Do(1, 3, "rank-0#1");
        Do(1, 4, "rank-0#1");

        _judge.Compare();

        Assert.Equal("rank-0 computed update 4 in epoch 1.1, which had come to 1", Assert.Single(_judge.Flaws));
    }

    [Fact]
    public void Judge_must_hear_an_update_before_it_reads_of_its_epoch()
    {
        Do(1, 1, "rank-0#1", "rank-1#1");
        Issue(1, 0);
        Commit(1, 1);

        _judge.Compare();

        Assert.Empty(_judge.Flaws);
    }

    [Fact]
    public void Stray_must_name_who_takes_itself_for_a_rank_of_an_epoch_that_is_over_until_it_says_otherwise_or_ends()
    {
        Issue(1, 0);
        Say("rank-0#1", "17:14:11.932 promised epoch 1.1 as rank 0");
        Say("rank-1#1", "17:14:11.932 promised epoch 1.1 as rank 1");
        Assert.Null(_judge.Stray());
        Issue(2, 0);
        Assert.Equal("rank-0#1 still takes itself for rank 0 of epoch 1.1, and the newest is 1.2", _judge.Stray());

        Say("rank-0#1", "17:14:12.000 epoch 1.1 is over: a later epoch is proposed");
        Assert.StartsWith("rank-1#1 still", _judge.Stray(), StringComparison.Ordinal);
        _judge.End("rank-1#1");

        Assert.Null(_judge.Stray());
    }

    [Fact]
    public void Stray_must_name_two_that_take_themselves_for_the_same_rank()
    {
        Issue(1, 0);
        Say("rank-0#1", "17:14:11.932 promised epoch 1.1 as rank 0");

        Say("rank-2#1", "17:14:11.932 promised epoch 1.1 as rank 0");

        Assert.Equal("rank-0#1 and rank-2#1 both take themselves for rank 0 of epoch 1.1", _judge.Stray());
    }

    private void Issue(long epoch, long restoreFrom) =>
        _judge.See(new EpochIssued(Job, new(1, epoch), [new("rank-0", 1), new("rank-1", 1)], "plan", restoreFrom, EpochEnd.None));

    private void Commit(long epoch, long steps) => _judge.See(new StepCommitted(Job, new(1, epoch), steps, new((ulong)steps + 10)));

    private void Do(long epoch, long steps, params string[] processes)
    {
        foreach (var process in processes)
        {
            Say(process, $"update record 1 {epoch} {steps} {steps + 10:x16}");
        }
    }

    private void Say(string process, string line) => _judge.Hear(process, line);
}
