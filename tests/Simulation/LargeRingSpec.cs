using System.Diagnostics;
using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Actors.Plans;
using Xunit.Abstractions;

namespace ActorRing.Simulation;

/// <summary>One coordinator, thousands of ranks that do as they are told: what it costs to form a ring and to form it again.</summary>
[Collection(Alone)]
public class LargeRingSpec(ITestOutputHelper output)
{
    // Its time counts: the sweeps beside it take every core.
    internal const string Alone = "alone";

    private const int Ranks = 4_096;
    private const int Lost = 64;

    [Fact]
    public void Coordinator_must_form_4096_ranks_and_survive_the_loss_of_64_within_two_seconds_of_its_own_time()
    {
        var cluster = new Cluster();
        cluster.JoinAll(Ranks + Lost);
        cluster.RunUntil(EpochPhase.Training);
        var formed = cluster.Own.Elapsed;
        cluster.Step(2);
        Assert.Equal(Ranks, cluster.Machine.Ranks.Count);

        output.WriteLine($"{cluster.LookAtTheRing(Ranks).TotalMilliseconds:F1} ms for all pages of the ring");

        cluster.LoseRanks(Lost);
        cluster.RunUntil(EpochPhase.Training);

        // The two updates that no TrainingCheckpoint holds again, and two new ones.
        cluster.Step(4);
        Assert.Equal(2, cluster.Machine.Epoch.Number);
        Assert.Equal(4, cluster.Machine.Book.Jobs[0].StepsCommitted);
        output.WriteLine($"{formed.TotalMilliseconds:F0} ms to form {Ranks} ranks, {cluster.Own.Elapsed.TotalMilliseconds:F0} ms in all with the loss of {Lost} and 4 updates");
        Assert.InRange(cluster.Own.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    /// <summary>Members without machines: only the coordinator's work is measured.</summary>
    private sealed class Cluster
    {
        private readonly Outbox _effects = new();
        private readonly SortedDictionary<MemberId, RingEpoch> _alive = [];
        private readonly Queue<MachineEvent> _events = new();
        private readonly PreparedPlan _plan = SimPlanner.Make(Ranks, false);
        private Instant _now;
        private long _sequence;
        private long _stepsDone;

        internal Cluster()
        {
            Machine = new(1, [], new() { StartsMembers = false, RejoinWait = TimeSpan.FromSeconds(1) }, new AnyPlan(_plan));
            Handle(new Started());
        }

        internal CoordinatorMachine Machine { get; }

        /// <summary>Time spent in the coordinator.</summary>
        internal Stopwatch Own { get; } = new();

        internal void JoinAll(int members)
        {
            for (var member = 0; member < members; member++)
            {
                _alive.Add(new($"member-{member}", 1), RingEpoch.None);
            }

            Beat();
            var spec = new JobSpec { Name = "large", Ranks = Ranks, MinRanks = Ranks, TrainSteps = 100, CheckpointEvery = 100 };
            Handle(new Received(new(new("user", 1), Role.Submitter), new SubmitJob("key", SpecCodec.Hash(spec), spec)));
            Drain();
        }

        internal void LoseRanks(int count)
        {
            foreach (var lost in Machine.Ranks.Take(count).Select(rank => rank!.Id).ToArray())
            {
                _alive.Remove(lost);
                Handle(new MemberGone(lost, "exit 137"));
                Drain();
            }
        }

        internal void RunUntil(EpochPhase phase)
        {
            for (var tick = 0; Machine.Phase != phase; tick++)
            {
                Assert.InRange(tick, 0, 100);
                Tick();
            }
        }

        internal void Step(int updates)
        {
            for (var update = 0; update < updates; update++)
            {
                _stepsDone++;
                var report = new StepReport(1, 1, 1, TimeSpan.FromSeconds(1), 1, TimeSpan.Zero);
                foreach (var (member, epoch) in _alive)
                {
                    if (epoch == Machine.Epoch)
                    {
                        _events.Enqueue(new Received(new(member, Role.Member), new TrainStepCompleted(epoch, _stepsDone, new((ulong)_stepsDone), report)));
                    }
                }

                Drain();
            }
        }

        /// <summary>Asks for all pages of the ring, each through its bytes.</summary>
        /// <returns>Time spent in the coordinator.</returns>
        internal TimeSpan LookAtTheRing(int ranks)
        {
            var before = Own.Elapsed;
            for (var from = 0; from < ranks;)
            {
                Handle(new Received(new(new("terminal", 1), Role.Observer), new QueryRing("key", from)));
                var frame = MessageCodec.Encode(Assert.IsType<Send>(_effects[0]).Message);
                Assert.InRange(frame.Length, 1, WireLimits.FrameBytes);
                Assert.Equal(WireError.None, MessageCodec.TryDecode(frame, out var decoded));
                var page = Assert.IsType<RingAnswer>(decoded);
                Assert.Equal((from, ranks, (from + 1) % ranks), (page.From, page.Total, page.Ranks[0].SendsTo.Index));
                from += page.Ranks.Length;
            }

            return Own.Elapsed - before;
        }

        private void Tick()
        {
            _now += TimeSpan.FromMilliseconds(100);
            Beat();
            Handle(new WakeUp());
            Drain();
        }

        private void Beat()
        {
            foreach (var (member, epoch) in _alive)
            {
                var phase = epoch == RingEpoch.None ? RankPhase.Idle : RankPhase.Parked;
                _events.Enqueue(new Received(new(member, Role.Member), new MemberHello(++_sequence, 1, "", epoch, phase, 0, 0, _sequence, false, null, [])));
            }

            Drain();
        }

        private void Drain()
        {
            while (_events.TryDequeue(out var input))
            {
                Handle(input);
            }
        }

        private void Handle(MachineEvent input)
        {
            _effects.Clear();
            Own.Start();
            Machine.Handle(input, _now, _effects);
            Own.Stop();
            for (var at = 0; at < _effects.Count; at++)
            {
                switch (_effects[at])
                {
                    case AppendLog append:
                        _events.Enqueue(new LogAppended(append.Sequence));
                        break;
                    case Send { Message: ProposePlan propose } send when _alive.ContainsKey(send.Receiver):
                        _alive[send.Receiver] = propose.Epoch;
                        _stepsDone = propose.RestoreFrom;
                        _events.Enqueue(new Received(new(send.Receiver, Role.Member), new PlanAnswer(propose.Epoch, propose.PlanHash, "", "endpoint", null, "")));
                        break;
                    case Send { Message: StartEpoch start } send when _alive.ContainsKey(send.Receiver):
                        _events.Enqueue(new Received(new(send.Receiver, Role.Member), new RankReady(start.Epoch, 0, new(0))));
                        break;
                    case Send { Message: EndEpoch } send when _alive.ContainsKey(send.Receiver):
                        _alive[send.Receiver] = RingEpoch.None;
                        break;
                }
            }
        }
    }

    private sealed class AnyPlan(PreparedPlan plan) : IPlanner
    {
        public PreparedPlan Plan(JobSpec spec, int ranks) => plan;
    }
}

/// <summary>Runs when nothing else does.</summary>
[CollectionDefinition(LargeRingSpec.Alone, DisableParallelization = true)]
public class RunsAlone;
