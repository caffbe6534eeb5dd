using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Rank;

namespace ActorRing.Actors.Specs.Machines;

/// <summary>What one rank does in one epoch, step by step. What it does when everything goes wrong is the simulator's business.</summary>
public class RankMachineSpec
{
    private static readonly RingEpoch First = new(1, 1);
    private static readonly RingEpoch Second = new(1, 2);
    private static readonly MemberId[] Members = [new("m0", 1), new("m1", 1), new("m2", 1)];
    private static readonly MemberId Seed = new("seed", 1);

    [Fact]
    public void Rank_must_prepare_connect_restore_and_train_in_this_order()
    {
        var rank = new Rig();
        Assert.IsType<PrepareCommunicators>(rank.Does(rank.Propose(First))[0]);
        Assert.Equal(rank.Plan.Hash, rank.Sent<PlanAnswer>(new CommunicatorsPrepared(First, "here")).PlanHash);
        Assert.IsType<ConnectCommunicators>(rank.Does(Rig.From(new StartEpoch(1, First, ["a", "b", "c"], "secret")))[0]);
        Assert.IsType<RestoreCheckpoint>(rank.Does(new CommunicatorsConnected(First))[0]);
        Assert.Equal([new Replicate(First, new(1), 0, new(5))], rank.Does(new Restored(First, 0, new(5))));
        Assert.Equal(new RankReady(First, 0, new(5)), rank.Sent<RankReady>(Rig.Copied(First, 0)));
        Assert.Equal(new BeginTrainStep(First, new(0)), rank.Does(rank.Hello(First, 0))[0]);
        var done = rank.Does(Rig.Done(First, 1));
        Assert.Equal(new Replicate(First, new(1), 1, new(1)), done[0]);
        Assert.DoesNotContain(done, effect => effect is Send);
        Assert.Equal(1, rank.Sent<TrainStepCompleted>(Rig.Copied(First, 1)).StepsDone);
    }

    [Fact]
    public void Parts_in_memory_must_be_told_of_and_kept_until_a_later_update_is_committed()
    {
        var rank = new Rig().Trains(First);
        rank.Does(Rig.Done(First, 1));
        rank.Does(Rig.Copied(First, 1));
        Assert.DoesNotContain(rank.Does(rank.Hello(First, 0)), effect => effect is KeepReplicas);
        Assert.Contains(new KeepReplicas(new(1), 1, long.MaxValue), rank.Does(rank.Hello(First, 1)));

        var hello = rank.Sent<MemberHello>(Rig.From(new EndEpoch(1, First, EpochEnd.MemberExit, "rank 2 is gone")));
        Assert.Equal((RankPhase.Idle, First), (hello.Phase, hello.Promised));
        Assert.Equal([new Replica(new(1), 1, new(1), 3, 1), new Replica(new(1), 1, new(1), 3, 0)], hello.Replicas.ToArray());
    }

    [Fact]
    public void Parts_in_memory_must_be_given_up_when_their_job_is_over()
    {
        var rank = new Rig().Trains(First);
        Assert.Contains(new KeepReplicas(default, 0, 0), rank.Does(Rig.From(new EndEpoch(1, First, EpochEnd.Operator, "job-1 is Completed"))));
        Assert.Equal(0, rank.Machine.KeptReplicas);
    }

    [Fact]
    public void Rank_must_show_the_deadline_of_its_communicators_when_it_tells_of_transfers()
    {
        var rank = new Rig();
        rank.Does(rank.Propose(First));
        rank.Does(new CommunicatorsPrepared(First, "here", TimeSpan.FromSeconds(30)));
        rank.Does(Rig.From(new StartEpoch(1, First, ["a", "b", "c"], "secret")));
        rank.Does(new CommunicatorsConnected(First));
        rank.Does(new Restored(First, 0, new(5)));
        rank.Does(Rig.Copied(First, 0));
        rank.Does(rank.Hello(First, 0));
        rank.Does(new HopsDone(First, new(0), [new(0, new(0), 8, TimeSpan.FromMilliseconds(1), TimeSpan.Zero)]));
        rank.Wait(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(30), Assert.Single(rank.Does(new WakeUp()).OfType<Send>().Select(send => send.Message).OfType<HopSummary>()).Deadline);
    }

    [Fact]
    public void Rank_must_not_run_ahead_of_commits_further_than_it_may()
    {
        var rank = new Rig().Trains(First);
        Assert.Contains(new BeginTrainStep(First, new(1)), rank.Does(Rig.Done(First, 1)));
        Assert.DoesNotContain(rank.Does(Rig.Done(First, 2)), effect => effect is BeginTrainStep);
        rank.Does(Rig.Copied(First, 1));
        Assert.Equal(RankPhase.Training, rank.Machine.Phase);
        rank.Does(Rig.Copied(First, 2));
        Assert.Equal(RankPhase.Parked, rank.Machine.Phase);
        Assert.Contains(new BeginTrainStep(First, new(2)), rank.Does(rank.Hello(First, 1)));
    }

    [Fact]
    public void Rank_must_park_when_the_coordinator_is_silent_and_go_on_when_it_is_back()
    {
        var rank = new Rig().Trains(First);
        rank.Wait(TimeSpan.FromSeconds(3));
        Assert.DoesNotContain(rank.Does(Rig.Done(First, 1)), effect => effect is BeginTrainStep);
        Assert.Contains(new BeginTrainStep(First, new(1)), rank.Does(rank.Hello(First, 0)));
    }

    [Fact]
    public void Rank_must_report_again_when_a_coordinator_of_a_later_term_speaks()
    {
        var rank = new Rig().Trains(First);
        rank.Does(Rig.Done(First, 1));
        rank.Does(Rig.Copied(First, 1));
        var effects = rank.Does(new Received(new(new("seed", 2), Role.Coordinator), new CoordinatorHello(2, 1, First, EpochPhase.Adopting, 0, 0, 0, 0)));
        Assert.Contains(effects, effect => effect is Send { Message: MemberHello { Term: 2, Phase: RankPhase.Training } });
        Assert.Contains(effects, effect => effect is Send { Message: TrainStepCompleted { StepsDone: 1 } });
        Assert.DoesNotContain(effects, effect => effect is AbortCommunicators);
    }

    [Fact]
    public void Rank_must_refuse_when_a_coordinator_of_an_earlier_term_speaks()
    {
        var rank = new Rig().Trains(First);
        rank.Does(new Received(new(new("seed", 2), Role.Coordinator), new CoordinatorHello(2, 1, First, EpochPhase.Training, 0, 0, 0, 0)));
        Assert.Equal([new Send(Seed, new StaleTerm(2))], rank.Does(Rig.From(new EndEpoch(1, First, EpochEnd.Operator, "old"))));
        Assert.Equal(RankPhase.Training, rank.Machine.Phase);
    }

    [Fact]
    public void Rank_must_leave_the_old_epoch_and_drop_its_results_when_it_promises_a_later_one()
    {
        var rank = new Rig().Trains(First);
        var effects = rank.Does(rank.Propose(Second));
        Assert.Equal(new AbortCommunicators(First), effects[0]);
        Assert.IsType<PrepareCommunicators>(effects[1]);
        var dropped = rank.Machine.Dropped;
        Assert.Empty(rank.Does(Rig.Done(First, 1)));
        Assert.Empty(rank.Does(rank.Propose(First)));
        Assert.Equal((dropped + 2, Second), (rank.Machine.Dropped, rank.Machine.Promised));
    }

    [Fact]
    public void Rank_must_not_begin_an_epoch_when_its_end_has_come_before_its_proposal()
    {
        var rank = new Rig();
        rank.Does(Rig.From(new EndEpoch(1, First, EpochEnd.Silence, "over")));
        Assert.Empty(rank.Does(rank.Propose(First)));
        Assert.Equal(RankPhase.Idle, rank.Machine.Phase);
    }

    [Fact]
    public void Rank_must_name_the_field_and_prepare_nothing_when_its_plan_is_another_one()
    {
        var rank = new Rig(new TestPlanner { HeadSize = 32 });
        var effects = rank.Does(rank.Propose(First, new TestPlanner()));
        var answer = Assert.IsType<PlanAnswer>(Assert.IsType<Send>(Assert.Single(effects)).Message);
        Assert.Equal(new("head-size", "16", "32"), answer.Difference);
        Assert.Empty(rank.Does(Rig.From(new StartEpoch(1, First, ["a", "b", "c"], "secret"))));
    }

    [Fact]
    public void Rotation_must_be_granted_once_when_the_neighbour_holds_the_block_and_the_buffer_is_free()
    {
        var rank = new Rig(granularity: GrantGranularity.PerHop).Trains(First);
        Assert.Equal([new Send(Members[2], new KvBlockReady(First, new(0), 0))], rank.Does(new BlockHeld(First, new(0), 0)));

        // Rank 1 fetches from rank 0: only its word counts, and a repetition grants nothing new.
        Assert.Empty(rank.Does(new Received(new(Members[2], Role.Member), new KvBlockReady(First, new(0), 0))));
        Assert.Equal([new GrantRotation(First, new(0), 0)], rank.Does(Ready(0)));
        Assert.Empty(rank.Does(Ready(0)));

        // One ahead: unit 1 needs the buffer that block 0 is in no longer than block 0 is attended.
        Assert.Empty(rank.Does(Ready(1)));
        Assert.Equal([new GrantRotation(First, new(0), 1)], rank.Does(new BlockAttended(First, new(0), 0)));

        static Received Ready(int unit) => new(new(Members[0], Role.Member), new KvBlockReady(First, new(0), unit));
    }

    [Fact]
    public void Late_transfer_must_be_reported_with_layer_ring_step_and_peer()
    {
        var rank = new Rig(granularity: GrantGranularity.PerHop).Trains(First);
        rank.Does(new Received(new(Members[0], Role.Member), new KvBlockReady(First, new(0), 0)));
        rank.Does(new BlockAttended(First, new(0), 0));
        rank.Wait(TimeSpan.FromSeconds(3));
        var late = rank.Sent<HopOverdue>(new WakeUp()).Hop;
        Assert.Equal((0, 1, false, 0), (late.Layer, late.RingStep.Index, late.IsBackward, late.Peer.Index));
    }

    [Fact]
    public void Damaged_TrainingCheckpoint_must_be_reported_until_the_epoch_ends()
    {
        var rank = new Rig();
        rank.Does(rank.Propose(First));
        rank.Does(new CommunicatorsPrepared(First, "here"));
        rank.Does(Rig.From(new StartEpoch(1, First, ["a", "b", "c"], "secret")));
        rank.Does(new CommunicatorsConnected(First));
        Assert.Equal(new CheckpointUnreadable(First, 0, "a bit is another one"), rank.Sent<CheckpointUnreadable>(new RestoreFailed(First, "a bit is another one")));
        Assert.Equal(RankPhase.Failed, rank.Machine.Phase);
        rank.Wait(TimeSpan.FromMilliseconds(150));
        rank.Sent<CheckpointUnreadable>(new WakeUp());
        rank.Does(Rig.From(new EndEpoch(1, First, EpochEnd.CheckpointDamaged, "damaged")));
        Assert.DoesNotContain(rank.Does(new RestoreFailed(First, "late")), effect => effect is Send);
        Assert.Equal(RankPhase.Idle, rank.Machine.Phase);
    }

    [Fact]
    public void Shard_must_be_written_before_the_next_update_when_the_calendar_or_the_coordinator_says_so()
    {
        var rank = new Rig().Trains(First);
        rank.Does(Rig.Done(First, 1));
        rank.Does(rank.Hello(First, 1, checkpointAt: 2));
        var effects = rank.Does(Rig.Done(First, 2));
        Assert.True(effects.FindIndex(effect => effect is WriteShard { StepsDone: 2 }) < effects.FindIndex(effect => effect is BeginTrainStep));
        Assert.Contains(effects, effect => effect is BeginTrainStep);
    }

    [Fact]
    public void Shard_that_could_not_be_written_must_be_told_of_until_a_newer_one_is_written()
    {
        var rank = new Rig().Trains(First);
        rank.Does(Rig.Done(First, 1));
        rank.Does(rank.Hello(First, 1, checkpointAt: 2));
        rank.Does(Rig.Done(First, 2));
        Assert.Equal(new ShardUnwritten(First, 2, "no space"), rank.Sent<ShardUnwritten>(new ShardFailed(First, 2, "no space")));
        rank.Wait(TimeSpan.FromSeconds(2));
        var effects = rank.Does(new WakeUp());
        Assert.Contains(effects, effect => effect is Send { Message: ShardUnwritten { StepsDone: 2 } });
        Assert.DoesNotContain(effects, effect => effect is WriteShard); // an update has begun: the state is another one
        rank.Does(new ShardStored(First, 4, 64, "5ba2", new(4)));
        rank.Wait(TimeSpan.FromSeconds(2));
        Assert.DoesNotContain(rank.Does(new WakeUp()), effect => effect is Send { Message: ShardUnwritten });
    }

    [Fact]
    public void Shard_must_be_written_again_and_again_behind_the_last_update()
    {
        var rank = new Rig().Trains(First);
        rank.Does(Rig.Done(First, 1));
        rank.Does(Rig.From(new CoordinatorHello(1, 50, First, EpochPhase.Training, 1, 2, 2, 0)));
        Assert.Contains(rank.Does(Rig.Done(First, 2)), effect => effect is WriteShard { StepsDone: 2 });
        rank.Does(new ShardFailed(First, 2, "no space"));
        Assert.DoesNotContain(rank.Does(new WakeUp()), effect => effect is WriteShard);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            rank.Wait(TimeSpan.FromSeconds(2));
            rank.Does(Rig.From(new CoordinatorHello(1, 51 + attempt, First, EpochPhase.Training, 1, 2, 2, 0)));
            Assert.Single(rank.Does(new WakeUp()).OfType<WriteShard>());
            rank.Wait(TimeSpan.FromSeconds(1));
            Assert.DoesNotContain(rank.Does(new WakeUp()), effect => effect is WriteShard); // it is at it
            rank.Does(new ShardFailed(First, 2, "no space"));
        }

        rank.Wait(TimeSpan.FromSeconds(1));
        Assert.Equal(2, rank.Sent<ShardWritten>(new ShardStored(First, 2, 64, "5ba2", new(2))).StepsDone);
    }

    /// <summary>A machine, its clock, and what it did last.</summary>
    private sealed class Rig
    {
        private readonly Outbox _effects = new();
        private readonly TestPlanner _planner;
        private readonly JobSpec _spec;
        private Instant _now;
        private long _sequence;

        internal Rig(TestPlanner? planner = null, GrantGranularity granularity = GrantGranularity.PerStep)
        {
            _planner = planner ?? new();
            _spec = new() { Name = "job", Ranks = 3, MinRanks = 3, TrainSteps = 100, CheckpointEvery = 50, Granularity = granularity };
            Machine = new(Members[1], new() { RunAhead = 2 }, _planner);
            Does(new Started());
            Does(Hello(RingEpoch.None, 0));
        }

        internal RankMachine Machine { get; }

        internal ActorRing.Actors.Plans.PreparedPlan Plan => _planner.Plan(_spec, 3);

        internal static TrainStepDone Done(RingEpoch epoch, long stepsDone) =>
            new(epoch, stepsDone, new((ulong)stepsDone), new(1, 1, 1, TimeSpan.FromSeconds(1), 1, TimeSpan.Zero));

        internal static Replicated Copied(RingEpoch epoch, long stepsDone) => new(epoch, stepsDone, new((ulong)stepsDone), [1, 0]);

        internal void Wait(TimeSpan wait) => _now += wait;

        internal static Received From(Message message) => new(new(Seed, Role.Coordinator), message);

        internal Received Propose(RingEpoch epoch, TestPlanner? planner = null)
        {
            var plan = (planner ?? _planner).Plan(_spec, 3);
            return From(new ProposePlan(1, epoch, new(1), _spec, [.. Members], plan.Bytes, plan.Hash, 0, [], []));
        }

        internal Received Hello(RingEpoch epoch, long stepsCommitted, long checkpointAt = 0) =>
            From(new CoordinatorHello(1, ++_sequence, epoch, EpochPhase.Training, stepsCommitted, checkpointAt, 0, 0));

        internal Rig Trains(RingEpoch epoch)
        {
            Does(Propose(epoch));
            Does(new CommunicatorsPrepared(epoch, "here"));
            Does(From(new StartEpoch(1, epoch, ["a", "b", "c"], "secret")));
            Does(new CommunicatorsConnected(epoch));
            Does(new Restored(epoch, 0, new(0)));
            Does(Copied(epoch, 0));
            Does(Hello(epoch, 0));
            Assert.Equal(RankPhase.Training, Machine.Phase);
            return this;
        }

        internal List<Effect> Does(MachineEvent input)
        {
            _effects.Clear();
            Machine.Handle(input, _now, _effects);
            return [.. Enumerable.Range(0, _effects.Count).Select(at => _effects[at])];
        }

        internal T Sent<T>(MachineEvent input)
            where T : Message => Assert.Single(Does(input).OfType<Send>().Select(send => send.Message).OfType<T>());
    }
}
