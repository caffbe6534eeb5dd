using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Specs.Machines;

/// <summary>A job with 25 updates and TrainingCheckpoints of 10 and 20, of which the newest cannot be loaded.</summary>
public class DamagedCheckpointSpec
{
    private static readonly JobId Job = new(1);
    private static readonly MemberId[] Members = [new("m0", 2), new("m1", 2)];

    [Fact]
    public void Coordinator_must_have_its_host_look_and_give_up_nothing_when_a_rank_cannot_load()
    {
        var seed = new Rig().Starts();
        var effects = seed.Does(Rig.Unreadable(1, seed.Machine.Epoch, 20));
        var check = Assert.Single(effects.OfType<CheckCheckpoints>());
        Assert.Equal([new(20, "twenty"), new(10, "ten")], check.Candidates.AsEnumerable());
        Assert.Contains(effects, effect => effect is Send { Message: EndEpoch { Cause: EpochEnd.CheckpointDamaged } });
        Assert.Empty(seed.Ticks(20).OfType<AppendLog>());
        Assert.Equal(20, seed.Book.CheckpointCommitted);
    }

    [Fact]
    public void Job_must_go_on_from_the_next_older_one_and_say_what_is_done_again_when_the_newest_is_damaged()
    {
        var seed = new Rig().Starts();
        seed.Does(Rig.Unreadable(1, seed.Machine.Epoch, 20));
        Assert.Equal("job-1: TrainingCheckpoint of update 20 is lost, goes on from update 10; 15 committed updates are done again: a bit is another one",
            seed.Says(new CheckpointsChecked(Job, 20, 10, "a bit is another one")));
        Assert.Equal(20, seed.Book.CheckpointCommitted); // not before it is on the disk
        seed.Sync();
        Assert.Equal((10L, 25L, 0), (seed.Book.CheckpointCommitted, seed.Book.StepsCommitted, seed.Book.FruitlessEpochs));
        seed.Starts();
        Assert.Equal((10L, 1L), (seed.Issued.RestoreFrom, seed.Book.Losses)); // the one loss is that before this coordinator's life
    }

    [Fact]
    public void Job_must_start_at_the_first_update_again_when_no_TrainingCheckpoint_is_whole()
    {
        var seed = new Rig().Starts();
        seed.Does(Rig.Unreadable(0, seed.Machine.Epoch, 20));
        Assert.Contains("it starts at the first update again; 25 committed updates are done again", seed.Says(new CheckpointsChecked(Job, 20, 0, "gone")), StringComparison.Ordinal);
        seed.Sync();
        seed.Starts();
        Assert.Equal(0, seed.Issued.RestoreFrom);
    }

    [Fact]
    public void Repeated_updates_must_be_compared_with_what_was_committed_when_the_plan_is_the_same()
    {
        var seed = new Rig().FallsBackTo(10);
        for (var step = 11; step <= 19; step++)
        {
            Assert.Empty(seed.Commits(step).OfType<AppendLog>()); // committed before
        }

        Assert.Contains("update 20 ended in another state than when it was committed", seed.LastSaid(seed.Done(0, 20, 99), seed.Done(1, 20, 99)), StringComparison.Ordinal);
    }

    [Fact]
    public void TrainingCheckpoint_must_be_committed_again_for_updates_whose_states_are_not_remembered()
    {
        var seed = new Rig().FallsBackTo(0);
        for (var step = 1; step <= 10; step++)
        {
            seed.Commits(step);
        }

        seed.Does(seed.Shard(0, 10));
        var manifest = Assert.Single(seed.Does(seed.Shard(1, 10)).OfType<CommitManifest>());
        Assert.Equal((10, new StateDigest(10)), (manifest.StepsDone, manifest.Digest));
        seed.Does(new ManifestCommitted(Job, 10, "ten again"));
        seed.Sync();
        Assert.Equal([new(10, "ten again")], seed.Book.Checkpoints);
    }

    [Fact]
    public void Epoch_must_end_when_a_shard_is_of_another_state_than_the_others_of_an_update_that_is_not_remembered()
    {
        var seed = new Rig().FallsBackTo(0);
        for (var step = 1; step <= 10; step++)
        {
            seed.Commits(step);
        }

        seed.Does(seed.Shard(0, 10));
        Assert.Contains("its shard holds another state", seed.Says(seed.Shard(1, 10, digest: 77)), StringComparison.Ordinal);
    }

    [Fact]
    public void Job_must_fail_with_a_verdict_when_its_ranks_can_never_load_what_is_whole()
    {
        var seed = new Rig();
        for (var time = 0; time < 3; time++)
        {
            seed.Starts();
            seed.Does(Rig.Unreadable(1, seed.Machine.Epoch, 20));
            seed.Does(new CheckpointsChecked(Job, 20, 20, "it is whole"));
            seed.Ticks(40);
        }

        seed.Sync();
        Assert.Equal(JobState.Failed, seed.Book.State);
        Assert.Matches("3 epochs in a row committed nothing; the last: rank 1 .* cannot load update 20: .*; the coordinator: it is whole", seed.Book.Verdict);
        Assert.Equal(20, seed.Book.CheckpointCommitted);
    }

    [Theory]
    [InlineData(10)] // of another update than the epoch's
    [InlineData(0)]
    public void Word_of_a_rank_must_count_for_nothing_when_it_is_about_another_TrainingCheckpoint(long stepsDone)
    {
        var seed = new Rig().Starts();
        Assert.Empty(seed.Does(Rig.Unreadable(1, seed.Machine.Epoch, stepsDone)));
        Assert.Empty(seed.Does(Rig.Unreadable(1, new(1, 1), 20)));
        Assert.Empty(seed.Does(new CheckpointsChecked(Job, 20, 10, "nobody asked")));
    }

    [Fact]
    public void Cancelled_job_must_lose_nothing_when_the_answer_comes_late()
    {
        var seed = new Rig().Starts();
        seed.Does(Rig.Unreadable(1, seed.Machine.Epoch, 20));
        seed.Does(new Received(new(new("user", 1), Role.Submitter), new ControlJob("c", Job, JobVerb.Cancel)));
        seed.Sync();
        Assert.Empty(seed.Does(new CheckpointsChecked(Job, 20, 10, "late")).OfType<AppendLog>());
        Assert.Equal(20, seed.Book.CheckpointCommitted);
    }

    /// <summary>A restarted coordinator, its disk, and two fresh members.</summary>
    private sealed class Rig
    {
        private readonly Outbox _effects = new();
        private readonly Queue<AppendLog> _unsynced = new();
        private Instant _now;
        private long _sequence;

        internal Rig()
        {
            var spec = new JobSpec { Name = "job", Ranks = 2, MinRanks = 2, TrainSteps = 100, CheckpointEvery = 10 };
            var plan = new TestPlanner().Plan(spec, 2);
            List<LogRecord> log =
            [
                new JobSubmitted(Job, "key", "", spec), new JobStateChanged(Job, JobState.Running, ""), new EpochIssued(Job, new(1, 1), [new("m0", 1), new("m1", 1)], plan.Hash, 0, EpochEnd.MemberExit),
            ];
            for (var step = 1; step <= 25; step++)
            {
                log.Add(new StepCommitted(Job, new(1, 1), step, new((ulong)step)));
                if (step % 10 == 0)
                {
                    log.Add(new CheckpointCommitted(Job, new(1, 1), step, 2, step == 10 ? "ten" : "twenty"));
                }
            }

            log.AddRange([new MemberFenced(new("m0", 1)), new MemberFenced(new("m1", 1))]);
            Machine = new(2, log, new(), new TestPlanner());
            Does(new Started());
        }

        internal CoordinatorMachine Machine { get; }

        internal JobRecord Book => Machine.Book.Jobs[0];

        internal EpochIssued Issued => Book.LastEpoch!;

        internal static Received Unreadable(int rank, RingEpoch epoch, long stepsDone) => From(rank, new CheckpointUnreadable(epoch, stepsDone, "its SHA-256 is another one"));

        internal Received Done(int rank, long step, ulong? digest = null) =>
            From(rank, new TrainStepCompleted(Machine.Epoch, step, new(digest ?? (ulong)step), new(1, 1, 1, TimeSpan.Zero, 1, TimeSpan.Zero)));

        internal Received Shard(int rank, long step, ulong? digest = null) => From(rank, new ShardWritten(Machine.Epoch, step, 64, "5ba2", new(digest ?? (ulong)step)));

        internal List<Effect> Commits(long step) => [.. Does(Done(0, step)), .. Does(Done(1, step))];

        /// <summary>Until ranks are told to connect and restore.</summary>
        internal Rig Starts()
        {
            Ticks(40);
            Sync();
            foreach (var rank in new[] { 0, 1 })
            {
                Does(From(rank, new PlanAnswer(Machine.Epoch, Machine.Plan!.Hash, "", "here", null, "")));
            }

            Assert.Equal(EpochPhase.Starting, Machine.Phase);
            return this;
        }

        internal Rig FallsBackTo(long stepsDone)
        {
            Starts();
            Does(Unreadable(1, Machine.Epoch, 20));
            Does(new CheckpointsChecked(Job, 20, stepsDone, "damaged"));
            Sync();
            Starts();
            foreach (var rank in new[] { 0, 1 })
            {
                Does(From(rank, new RankReady(Machine.Epoch, stepsDone, new((ulong)stepsDone))));
            }

            Assert.Equal(EpochPhase.Training, Machine.Phase);
            return this;
        }

        /// <summary>Members beat and the clock ticks; what the disk is asked for waits.</summary>
        internal List<Effect> Ticks(int count)
        {
            List<Effect> all = [];
            for (var tick = 0; tick < count && _unsynced.Count == 0; tick++)
            {
                _now += TimeSpan.FromMilliseconds(50);
                foreach (var rank in new[] { 0, 1 })
                {
                    all.AddRange(Does(From(rank, new MemberHello(++_sequence, 2, "", RingEpoch.None, RankPhase.Idle, 0, 0, 0, false, null, []))));
                }

                all.AddRange(Does(new WakeUp()));
            }

            return all;
        }

        internal void Sync()
        {
            while (_unsynced.TryDequeue(out var append))
            {
                Does(new LogAppended(append.Sequence));
            }
        }

        internal string? Says(MachineEvent input) => LastSaid(input);

        internal string? LastSaid(params MachineEvent[] inputs)
        {
            string? said = null;
            foreach (var input in inputs)
            {
                _effects.Clear();
                said = Machine.Handle(input, _now, _effects);
                for (var at = 0; at < _effects.Count; at++)
                {
                    if (_effects[at] is AppendLog append)
                    {
                        _unsynced.Enqueue(append);
                    }
                }
            }

            return said;
        }

        internal List<Effect> Does(MachineEvent input)
        {
            Says(input);
            return [.. Enumerable.Range(0, _effects.Count).Select(at => _effects[at])];
        }

        private static Received From(int rank, Message message) => new(new(Members[rank], Role.Member), message);
    }
}
