using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;

namespace ActorRing.Actors.Specs.Machines;

/// <summary>A job of two ranks and 60 updates, a TrainingCheckpoint every 50, whose shards or manifests fail.</summary>
public class DegradedSpec
{
    private static readonly JobId Job = new(1);

    [Fact]
    public void Job_must_be_degraded_from_the_first_failure_to_the_next_commit_and_say_each_once()
    {
        var seed = new Rig().Trains();
        seed.CommitsTo(50);
        Assert.Equal("job-1: durability: degraded; no TrainingCheckpoint of update 50, the newest has 0 updates; training goes on: rank 1: no space", seed.Says(seed.Unwritten(1, 50)));
        Assert.Equal(new DurabilityRow(Job, seed.Machine.Epoch, 50, true, "rank 1: no space"), Assert.Single(seed.Published));
        Assert.Null(seed.Says(seed.Unwritten(1, 50))); // with every heartbeat
        Assert.Null(seed.Says(seed.Unwritten(0, 50)));
        Assert.Empty(seed.Published);
        seed.Wait(TimeSpan.FromSeconds(3));
        Assert.Equal(new DegradedDurability(50, TimeSpan.FromSeconds(3), 1, "rank 1: no space"), seed.Status.Degraded);
        Assert.Equal(JobState.Running, seed.Status.State);

        seed.CommitsTo(54);
        seed.Writes(54);
        Assert.NotNull(seed.Status.Degraded); // not before it is on the disk
        var said = seed.Sync();
        Assert.Contains("job-1: durability: full again; 1 failed in 3000 ms; update 54 is in a TrainingCheckpoint", said);
        Assert.Null(seed.Status.Degraded);
    }

    [Fact]
    public void Another_TrainingCheckpoint_must_be_asked_for_after_ever_more_updates_when_one_fails_after_the_other()
    {
        var seed = new Rig(trainSteps: 1000, every: 1000).Trains();
        seed.CommitsTo(10);
        seed.Does(seed.Control(JobVerb.Checkpoint));
        seed.Tick();
        List<long> waits = [];
        var at = seed.CheckpointAt;
        for (var attempt = 0; attempt < 9; attempt++)
        {
            seed.CommitsTo(at);
            seed.Does(seed.Unwritten(0, at));
            Assert.InRange(seed.CheckpointAt, 0, at); // rank 1 has not said anything yet
            seed.Does(seed.Unwritten(1, at));
            seed.Tick();
            waits.Add(seed.CheckpointAt - at);
            at = seed.CheckpointAt;
        }

        // Twice the run-ahead, less one: no rank may be there before what failed is deleted.
        Assert.Equal([4, 5, 7, 11, 19, 35, 67, 67, 67], waits);
        Assert.Equal(9, seed.Status.Degraded!.Failures);
    }

    [Fact]
    public void Shards_of_an_attempt_that_failed_must_be_deleted_before_the_next_one_begins()
    {
        var seed = new Rig().Trains();
        seed.CommitsTo(50);
        seed.Does(seed.Shard(0, 50));
        seed.Does(seed.Unwritten(1, 50));
        Assert.Empty(seed.Does(new WakeUp()).OfType<DiscardShards>());
        List<Effect> effects = [];
        for (var step = 51; step <= 52; step++)
        {
            effects.AddRange(seed.CommitsTo(step));
        }

        Assert.Equal(new DiscardShards(1, Job, seed.Machine.Epoch, 50), Assert.Single(effects.OfType<DiscardShards>()));
        Assert.Equal(54, seed.CheckpointAt);
        Assert.Empty(seed.Does(seed.Shard(1, 50)).OfType<CommitManifest>()); // too late
    }

    [Fact]
    public void Shards_must_stay_when_their_manifest_may_still_come_about()
    {
        var seed = new Rig(trainSteps: 1000).Trains();
        seed.CommitsTo(50);
        seed.Does(seed.Shard(0, 50));
        Assert.Single(seed.Does(seed.Shard(1, 50)).OfType<CommitManifest>());
        Assert.Contains("durability: degraded", seed.Says(new ManifestFailed(Job, 50, "no space for the manifest")), StringComparison.Ordinal);
        Assert.Empty(seed.CommitsTo(60).OfType<DiscardShards>());
        Assert.Single(seed.Ticks(21).OfType<CommitManifest>()); // as it is, again

        // A newer one is complete: the older shards would only fill the disk.
        seed.CommitsTo(100);
        seed.Does(seed.Shard(0, 100));
        var effects = seed.Does(seed.Shard(1, 100));
        Assert.Equal(100, Assert.Single(effects.OfType<CommitManifest>()).StepsDone);
        Assert.Equal(50, Assert.Single(effects.OfType<DiscardShards>()).StepsDone);
        Assert.Empty(seed.CommitsTo(120).OfType<DiscardShards>());
    }

    [Fact]
    public void Last_TrainingCheckpoint_must_be_waited_for_and_the_job_neither_complete_nor_failed_when_it_cannot_be_written()
    {
        var seed = new Rig().Trains();
        seed.CommitsTo(60);
        seed.Does(seed.Shard(0, 60));
        seed.Does(seed.Unwritten(1, 60));
        for (var tick = 0; tick < 2000; tick++)
        {
            Assert.Empty(seed.Ticks(1).OfType<DiscardShards>());
            Assert.Null(seed.Says(seed.Unwritten(1, 60)));
        }

        Assert.Equal((EpochPhase.Training, new RingEpoch(1, 1)), (seed.Machine.Phase, seed.Machine.Epoch));
        Assert.Equal((JobState.Running, 60L, 0L), (seed.Status.State, seed.Status.StepsCommitted, seed.Status.CheckpointCommitted));
        Assert.Equal("rank 1: no space", seed.Status.Degraded!.Cause);

        Assert.Single(seed.Does(seed.Shard(1, 60)).OfType<CommitManifest>());
        seed.Does(new ManifestCommitted(Job, 60, "hash"));
        seed.Sync();
        Assert.Equal((JobState.Completed, 60L), (seed.Status.State, seed.Status.CheckpointCommitted));
        Assert.Null(seed.Status.Degraded);
    }

    [Fact]
    public void Rank_must_be_given_up_when_it_stands_still_in_writing_the_last_shard_again()
    {
        var seed = new Rig().Trains();
        seed.CommitsTo(60);
        seed.Does(seed.Shard(0, 60));
        seed.Does(seed.Unwritten(1, 60));
        seed.Ticks(1300);
        Assert.Equal(EpochEnd.Stalled, seed.Machine.Members[1].Verdict);
    }

    [Fact]
    public void Restarted_coordinator_must_show_it_again_when_ranks_say_again_what_they_could_not_write()
    {
        var seed = new Rig().Trains();
        seed.CommitsTo(50);
        seed.Does(seed.Unwritten(1, 50));
        var again = seed.Restarted();
        Assert.Null(again.Status.Degraded);
        again.Does(again.Unwritten(1, 50));
        Assert.Equal(("rank 1: no space", 50L), (again.Status.Degraded!.Cause, again.Status.Degraded.Since));
    }

    /// <summary>A coordinator, its disk, two members that do as they are told.</summary>
    private sealed class Rig
    {
        private readonly Outbox _effects = new();
        private readonly Queue<AppendLog> _unsynced = new();
        private readonly List<Log.LogRecord> _log;
        private Instant _now;
        private long _sequence;
        private long _done;

        internal Rig(long trainSteps = 60, int every = 50, long term = 1, List<Log.LogRecord>? log = null)
        {
            Spec = new() { Name = "job", Ranks = 2, MinRanks = 2, TrainSteps = trainSteps, CheckpointEvery = every };
            _log = log ?? [];
            Machine = new(term, _log, new() { RunAhead = 2 }, new TestPlanner());
            Does(new Started());
        }

        internal CoordinatorMachine Machine { get; }

        internal JobSpec Spec { get; }

        internal IEnumerable<DurabilityRow> Published => All().OfType<Publish>().Select(publish => publish.Row).OfType<DurabilityRow>();

        internal long CheckpointAt { get; private set; }

        internal JobStatus Status => Does(new Received(new(new("user", 1), Role.Observer), new QueryJobs("key", 0)))
            .OfType<Send>().Select(send => send.Message).OfType<JobsAnswer>().Single().Jobs[0];

        internal Received Unwritten(int rank, long stepsDone) => From(rank, new ShardUnwritten(Machine.Epoch, stepsDone, "no space"));

        internal Received Shard(int rank, long stepsDone) => From(rank, new ShardWritten(Machine.Epoch, stepsDone, 64, "5ba2", new((ulong)stepsDone)));

        internal Received Control(JobVerb verb) => new(new(new("user", 1), Role.Submitter), new ControlJob($"k{++_sequence}", Job, verb));

        internal Rig Trains()
        {
            Does(Beat(0, RankPhase.Idle));
            Does(Beat(1, RankPhase.Idle));
            Does(new Received(new(new("user", 1), Role.Submitter), new SubmitJob("key", SpecCodec.Hash(Spec), Spec)));
            Sync();
            foreach (var rank in new[] { 0, 1 })
            {
                Does(From(rank, new PlanAnswer(Machine.Epoch, Machine.Plan!.Hash, "", "here", null, "")));
            }

            foreach (var rank in new[] { 0, 1 })
            {
                Does(From(rank, new RankReady(Machine.Epoch, 0, new(0))));
            }

            Assert.Equal(EpochPhase.Training, Machine.Phase);
            return this;
        }

        /// <summary>The same log, another process, the ranks train on.</summary>
        internal Rig Restarted()
        {
            var again = new Rig(Spec.TrainSteps, Spec.CheckpointEvery, 2, _log) { _now = _now };
            again.Does(again.Beat(0, RankPhase.Training, new(1, 1), _done));
            again.Does(again.Beat(1, RankPhase.Training, new(1, 1), _done));
            Assert.Equal(EpochPhase.Training, again.Machine.Phase);
            return again;
        }

        internal List<Effect> CommitsTo(long stepsDone)
        {
            List<Effect> all = [];
            for (; _done < stepsDone; _done++)
            {
                foreach (var rank in new[] { 0, 1 })
                {
                    all.AddRange(Does(From(rank, new TrainStepCompleted(Machine.Epoch, _done + 1, new((ulong)_done + 1), new(1, 1, 1, TimeSpan.Zero, 1, TimeSpan.Zero)))));
                }

                all.AddRange(SyncAll());
            }

            return all;
        }

        internal void Writes(long stepsDone)
        {
            Does(Shard(0, stepsDone));
            Does(Shard(1, stepsDone));
            Does(new ManifestCommitted(Job, stepsDone, "hash"));
        }

        internal void Tick() => Ticks(1);

        internal List<Effect> Ticks(int count)
        {
            List<Effect> all = [];
            for (var tick = 0; tick < count; tick++)
            {
                Wait(TimeSpan.FromMilliseconds(50));
                all.AddRange(Does(Beat(0, RankPhase.Parked, Machine.Epoch, _done)));
                all.AddRange(Does(Beat(1, RankPhase.Parked, Machine.Epoch, _done)));
                all.AddRange(Does(new WakeUp()));
            }

            return all;
        }

        internal void Wait(TimeSpan time) => _now += time;

        internal string? Says(MachineEvent input)
        {
            _effects.Clear();
            var said = Machine.Handle(input, _now, _effects);
            foreach (var effect in All())
            {
                if (effect is AppendLog append)
                {
                    _unsynced.Enqueue(append);
                }
                else if (effect is Send { Message: CoordinatorHello hello })
                {
                    CheckpointAt = hello.CheckpointAt;
                }
            }

            return said;
        }

        internal List<Effect> Does(MachineEvent input)
        {
            Says(input);
            return All();
        }

        /// <summary>What the machine says when all that it wrote is on the disk.</summary>
        internal List<string?> Sync()
        {
            List<string?> said = [];
            while (_unsynced.TryDequeue(out var append))
            {
                _log.Add(append.Record);
                said.Add(Says(new LogAppended(append.Sequence)));
            }

            return said;
        }

        private List<Effect> SyncAll()
        {
            List<Effect> all = [];
            while (_unsynced.TryDequeue(out var append))
            {
                _log.Add(append.Record);
                all.AddRange(Does(new LogAppended(append.Sequence)));
            }

            return all;
        }

        private List<Effect> All() => [.. Enumerable.Range(0, _effects.Count).Select(at => _effects[at])];

        private Received Beat(int rank, RankPhase phase, RingEpoch promised = default, long done = 0) =>
            From(rank, new MemberHello(++_sequence, Machine.Term, "", promised, phase, done, done, 1, false, null, []));

        private static Received From(int rank, Message message) => new(new(new($"m{rank}", 1), Role.Member), message);
    }
}
