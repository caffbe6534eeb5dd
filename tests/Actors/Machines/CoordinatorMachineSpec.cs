using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;

namespace ActorRing.Actors.Specs.Machines;

/// <summary>What the coordinator decides, case by case. What it does when everything goes wrong is the simulator's business.</summary>
public class CoordinatorMachineSpec
{
    private static readonly Sender User = new(new("user", 1), Role.Submitter);

    [Fact]
    public void Submission_must_be_answered_only_when_it_is_on_the_disk()
    {
        var seed = new Rig(0);
        Assert.DoesNotContain(seed.Does(Rig.Submit("key")), effect => effect is Send);
        Assert.Equal(new(1), Rig.SentTo<SubmitAnswer>(User.Member, seed.Sync()).Job);
    }

    [Fact]
    public void Submission_must_make_one_job_when_it_is_repeated_and_none_when_its_key_was_used_for_another()
    {
        var seed = new Rig(0);
        seed.Does(Rig.Submit("key"));
        seed.Does(Rig.Submit("key"));
        seed.Sync();
        Assert.Equal(new(1), Rig.SentTo<SubmitAnswer>(User.Member, seed.Does(Rig.Submit("key"))).Job);
        Assert.Equal(RequestOutcome.Conflict, Rig.SentTo<SubmitAnswer>(User.Member, seed.Does(Rig.Submit("key", steps: 99))).Outcome);
        Assert.Single(seed.Machine.Book.Jobs);
    }

    [Theory]
    [InlineData(9, 9, 10, "ranks = 9; nearest possible: 8")]
    [InlineData(2, 3, 10, "min-ranks = 3: 1 to ranks = 2 are allowed")]
    [InlineData(2, 2, 0, "train-steps = 0: at least 1 is needed")]
    public void Submission_must_be_refused_in_one_line_when_it_cannot_be_carried_out(int ranks, int minRanks, long steps, string text)
    {
        var seed = new Rig(0);
        Assert.Equal(text, Rig.SentTo<SubmitAnswer>(User.Member, seed.Does(Rig.Submit("key", ranks, minRanks, steps))).Text);
        Assert.Equal(0, seed.Machine.WaitingRecords);
    }

    [Fact]
    public void Submission_must_be_refused_when_it_comes_from_a_member()
    {
        var seed = new Rig(1);
        var submit = (SubmitJob)Rig.Submit("key").Message;
        Assert.Equal(RequestOutcome.Refused, Rig.SentTo<SubmitAnswer>(new("m0", 1), seed.Does(new Received(new(new("m0", 1), Role.Member), submit))).Outcome);
    }

    [Fact]
    public void Epoch_must_be_proposed_only_when_it_is_on_the_disk()
    {
        var seed = new Rig(2);
        seed.Does(Rig.Submit("key"));
        seed.Sync();
        var effects = seed.Sync();
        Assert.Contains(effects, effect => effect is AppendLog { Record: EpochIssued });
        Assert.DoesNotContain(effects, effect => effect is Send { Message: ProposePlan });
        Assert.Equal(2, seed.Sync().Count(effect => effect is Send { Message: ProposePlan { Epoch: { Term: 1, Number: 1 } } }));
    }

    [Fact]
    public void Update_must_be_committed_when_all_ranks_report_the_same_state_and_not_when_one_reports_twice()
    {
        var seed = new Rig(2).Trains();
        Assert.DoesNotContain(seed.Does(seed.Done(0, 1)), effect => effect is AppendLog);
        Assert.DoesNotContain(seed.Does(seed.Done(0, 1)), effect => effect is AppendLog);
        var next = seed.NextSequence;
        Assert.Contains(new AppendLog(next, new StepCommitted(new(1), seed.Machine.Epoch, 1, new(1), new(1, 1, 1, TimeSpan.Zero, 1, TimeSpan.Zero))), seed.Does(seed.Done(1, 1)));
        Assert.Contains(seed.Sync(), effect => effect is Send { Message: CoordinatorHello { StepsCommitted: 1 } });
    }

    [Theory]
    [InlineData(2, 1.0, EpochEnd.DigestMismatch)]
    [InlineData(1, double.NaN, EpochEnd.NonFinite)]
    public void Update_must_end_the_epoch_when_ranks_disagree_or_a_loss_is_no_number(ulong digest, double loss, EpochEnd cause)
    {
        var seed = new Rig(2).Trains();
        var epoch = seed.Machine.Epoch;
        seed.Does(seed.Done(0, 1));
        Assert.Contains(seed.Does(seed.Done(1, 1, digest, loss)), effect => effect is Send { Message: EndEpoch end } && end.Epoch == epoch && end.Cause == cause);
        Assert.Equal(EpochPhase.None, seed.Machine.Phase);
    }

    [Fact]
    public void Lost_rank_must_be_replaced_by_a_spare_and_named()
    {
        var seed = new Rig(3, ranks: 2).Trains();
        var reason = seed.Says(new MemberGone(new("m1", 1), "signal 9"));
        Assert.Equal("epoch 1.1 ended (MemberExit): rank 1: m1#1: signal 9", reason);
        seed.Sync();
        seed.KeepAlive(150, "m0", "m2");
        seed.Does(new WakeUp());
        var proposal = Rig.SentTo<ProposePlan>(new("m2", 1), seed.Sync());
        Assert.Equal([new("m0", 1), new("m2", 1)], proposal.Members.ToArray());
        Assert.Equal(new(1, 2), proposal.Epoch);
    }

    [Fact]
    public void Updates_must_be_said_once_more_by_the_next_coordinator()
    {
        var seed = new Rig(2).Trains().Commits(2);
        var effects = new Outbox();
        new CoordinatorMachine(2, seed.Log, new(), new TestPlanner()).Handle(new Started(), default, effects);
        Assert.Equal(
            [1L, 2L],
            Enumerable.Range(0, effects.Count).Select(at => effects[at]).OfType<Publish>().Select(publish => publish.Row).OfType<StepRecalled>().Select(row => row.StepsDone));
    }

    [Fact]
    public void Lost_rank_must_cost_no_committed_update_when_the_others_have_its_part_in_memory()
    {
        var seed = new Rig(4, ranks: 3).Trains().Commits(2);
        var proposal = seed.Loses("m1", ("m0", [Part(2, 0), Part(2, 2)]), ("m2", [Part(2, 2), Part(2, 1)]), ("m3", []));
        Assert.Equal(2, proposal.RestoreFrom);
        Assert.Equal([new(0), new(2), new(2)], proposal.Holders.ToArray());
    }

    // Of update 2 a part is nowhere; update 3 was never committed; the digest of update 1 is another one.
    [Fact]
    public void State_in_memory_must_not_be_used_when_it_is_not_whole_not_committed_or_another_one()
    {
        var seed = new Rig(4, ranks: 3).Trains().Commits(2);
        var proposal = seed.Loses(
            "m1", ("m0", [Part(2, 0), Part(3, 0), Part(1, 0, 7)]), ("m2", [Part(2, 2), Part(3, 2), Part(3, 1), Part(1, 1, 7), Part(1, 2, 7)]), ("m3", []));
        Assert.Equal((0, true), (proposal.RestoreFrom, proposal.Holders.IsEmpty));
    }

    [Fact]
    public void Other_copy_must_be_tried_before_the_disk_when_a_rank_cannot_load_a_part_from_memory_and_nothing_a_third_time()
    {
        var seed = new Rig(4, ranks: 3).Trains().Commits(2);
        var proposal = seed.Loses("m1", ("m0", [Part(2, 0), Part(2, 2)]), ("m2", [Part(2, 2), Part(2, 1)]), ("m3", []));
        Assert.Equal(["m0", "m2", "m2"], HoldersOf(proposal));
        seed.Starts();
        var reason = seed.Says(Unreadable(proposal));
        Assert.Contains("cannot load update 2: a bit is another one", reason, StringComparison.Ordinal);

        // The member has given its part up.
        proposal = seed.Next(("m0", [Part(2, 0), Part(2, 2)]), ("m2", [Part(2, 1)]), ("m3", []));
        Assert.Equal((2, true), (proposal.RestoreFrom, HoldersOf(proposal) is ["m0", "m2", "m0"]));
        seed.Starts();
        seed.Says(Unreadable(proposal));

        proposal = seed.Next(("m0", [Part(2, 0), Part(2, 2)]), ("m2", [Part(2, 1)]), ("m3", []));
        Assert.Equal((0, true), (proposal.RestoreFrom, proposal.Holders.IsEmpty));

        static Received Unreadable(ProposePlan of) => new(new(new("m2", 1), Role.Member), new CheckpointUnreadable(of.Epoch, 2, "a bit is another one"));

        static string[] HoldersOf(ProposePlan of) => [.. of.Holders.Select(holder => of.Members[holder.Index].Name)];
    }

    [Theory]
    [InlineData(FailureKind.Work, EpochEnd.RankFailure)]
    [InlineData(FailureKind.NonFinite, EpochEnd.NonFinite)]
    [InlineData(FailureKind.StateCorrupt, EpochEnd.StateCorrupt)]
    public void Epoch_must_end_with_the_kind_of_failure_and_its_rank(FailureKind kind, EpochEnd cause)
    {
        var seed = new Rig(2).Trains();
        var effects = seed.Does(seed.Fails(1, kind));
        Assert.Contains(effects, effect => effect is Send { Message: EndEpoch end } && end.Cause == cause && end.Reason == "rank 1 (m1#1) at update 3: a word");
        Assert.DoesNotContain(effects, effect => effect is FenceMember);
    }

    [Fact]
    public void Member_must_be_given_up_when_its_memory_fails_a_second_time()
    {
        var seed = new Rig(3, ranks: 2).Trains();
        Assert.DoesNotContain(seed.Does(seed.Fails(1, FailureKind.StateCorrupt)), effect => effect is FenceMember);
        seed.Next(("m0", []), ("m1", []), ("m2", []));
        seed.Starts();
        Assert.Contains(seed.Does(seed.Fails(1, FailureKind.StateCorrupt)), effect => effect is FenceMember { Member.Name: "m1" });
    }

    [Fact]
    public void Job_must_fail_once_with_the_words_of_the_rank_when_its_rules_say_that_it_stops()
    {
        var seed = new Rig(2).Trains();
        var failed = new JobStateChanged(new(1), JobState.Failed, "rank 1 (m1#1) at update 3: a word");
        Assert.Contains(new AppendLog(seed.NextSequence, failed), seed.Does(seed.Fails(1, FailureKind.JobStops)));
        Assert.DoesNotContain(seed.Does(seed.Fails(1, FailureKind.JobStops)), effect => effect is AppendLog);
        seed.Sync();
        Assert.Equal((JobState.Failed, EpochPhase.None), (seed.Machine.Book.Jobs[0].State, seed.Machine.Phase));
    }

    [Fact]
    public void Job_must_go_back_to_its_TrainingCheckpoint_and_leave_out_the_data_when_its_rules_say_so()
    {
        var seed = new Rig(2).Trains();
        seed.Does(seed.Done(0, 1));
        seed.Does(seed.Done(1, 1));
        seed.Sync();
        Assert.Equal(1, seed.Machine.Book.Jobs[0].StepsCommitted);

        var effects = seed.Does(seed.Fails(1, FailureKind.RollsBack));
        Assert.Contains(effects, effect => effect is Send { Message: EndEpoch { Cause: EpochEnd.WindowSkipped } });
        Assert.DoesNotContain(effects, effect => effect is AppendLog { Record: EpochIssued });
        seed.Sync();
        var proposal = seed.Next(("m0", [new(new(1), 1, new(1), 2, 0)]), ("m1", [new(new(1), 1, new(1), 2, 1)]));

        Assert.Equal((0, 0), (seed.Machine.Book.Jobs[0].StepsCommitted, seed.Machine.Book.Jobs[0].Losses));
        Assert.Equal((0, true, new SkippedWindow(0, 4)), (proposal.RestoreFrom, proposal.Holders.IsEmpty, Assert.Single(proposal.Windows)));
    }

    private static Replica Part(long stepsDone, int part, ulong? digest = null) => new(new(1), stepsDone, new(digest ?? (ulong)stepsDone), 3, part);

    [Fact]
    public void Member_must_be_started_again_when_it_was_lost_before_it_had_a_rank_and_not_when_it_left()
    {
        var seed = new Rig(3, startsMembers: true);
        Assert.Contains(new StartMember("m1"), seed.Does(new MemberGone(new("m1", 1), "signal 9")));
        seed.Sync();
        Assert.Contains(new StartMember("m1"), seed.Does(new WakeUp()));
        seed.Does(new MemberStarted(new("m1", 2)));
        Assert.DoesNotContain(seed.Does(new WakeUp()), effect => effect is StartMember);

        var other = new Rig(3, startsMembers: true);
        other.Does(new Received(User, new DrainMember("drain", "m1")));
        Assert.DoesNotContain(other.Does(new MemberGone(new("m1", 1), "exit 0")), effect => effect is StartMember);
        other.Sync();
        Assert.DoesNotContain(other.Does(new WakeUp()), effect => effect is StartMember);

        // With a spare it can wait until the ring trains again.
        var withSpare = new Rig(3, ranks: 2, startsMembers: true).Trains();
        Assert.DoesNotContain(withSpare.Does(new MemberGone(new("m1", 1), "signal 9")), effect => effect is StartMember);
    }

    // Whoever is given up loses what he has in memory: a coordinator that nobody reaches must not do that to everybody.
    [Fact]
    public void Nobody_must_be_given_up_while_nobody_at_all_is_heard_of()
    {
        var seed = new Rig(2).Trains();
        seed.Does(new MemberDisconnected(new("m0", 1)));
        seed.Does(new MemberDisconnected(new("m1", 1)));
        seed.KeepAlive(9_000);
        Assert.DoesNotContain(seed.Does(new WakeUp()), effect => effect is FenceMember);
        Assert.Equal(EpochPhase.Training, seed.Machine.Phase);

        // They are back, one a little later than the other: neither is blamed for the time before.
        seed.KeepAlive(100, "m0");
        Assert.DoesNotContain(seed.Does(new WakeUp()), effect => effect is FenceMember);
        seed.KeepAlive(100, "m0", "m1");
        Assert.DoesNotContain(seed.Does(new WakeUp()), effect => effect is FenceMember);
        Assert.Equal(EpochPhase.Training, seed.Machine.Phase);
    }

    [Fact]
    public void Everybody_must_be_given_up_when_nobody_is_heard_of_for_too_long()
    {
        var seed = new Rig(2).Trains();
        seed.Does(new MemberDisconnected(new("m0", 1)));
        seed.Does(new MemberDisconnected(new("m1", 1)));
        seed.KeepAlive(11_000);
        Assert.Contains(seed.Does(new WakeUp()), effect => effect is FenceMember);
    }

    // What members know is on the disk: a log that does not have it is an older copy, and acting on it would do again what was done.
    [Fact]
    public void Coordinator_must_end_when_a_member_knows_of_a_later_epoch_than_its_log()
    {
        var seed = new Rig(2).Trains();
        var hello = new MemberHello(1_000, seed.Machine.Term, "", new(seed.Machine.Term, seed.Machine.Epoch.Number + 1), RankPhase.Training, 0, 0, 1, false, null, []);
        var exit = Assert.IsType<ExitProcess>(seed.Does(new Received(new(new("m1", 1), Role.Member), hello))[^1]);
        Assert.False(exit.IsClean);
        Assert.Contains("m1#1 knows of epoch 1.2, and the log ends with 1.1: it is an older copy", exit.Reason, StringComparison.Ordinal);
    }

    // Its connection may end before it has said a word: the machine had no time for it. One that never comes, however often it is started, is another matter.
    [Fact]
    public void Member_must_be_started_again_when_it_was_lost_before_it_said_a_word_but_not_for_ever()
    {
        var seed = new Rig(3, startsMembers: true);
        for (var start = 1; start <= 3; start++)
        {
            seed.Does(new MemberGone(new("m1", start), "signal 9"));
            seed.Sync();
            seed.Does(new MemberStarted(new("m1", start + 1)));
        }

        // The first one had been heard of: these were the second, the third and the fourth.
        Assert.DoesNotContain(seed.Does(new WakeUp()), effect => effect is StartMember);
        Assert.DoesNotContain(new StartMember("m1"), seed.Does(new MemberGone(new("m1", 4), "exit 1")));
        seed.Sync();
        Assert.DoesNotContain(seed.Does(new WakeUp()), effect => effect is StartMember);
    }

    [Fact]
    public void Member_must_be_started_again_when_its_connection_ended_before_it_said_a_word()
    {
        var seed = new Rig(3, startsMembers: true);
        seed.Does(new MemberGone(new("m1", 1), "signal 9"));
        seed.Sync();
        seed.Does(new MemberStarted(new("m1", 2)));
        seed.Does(new MemberDisconnected(new("m1", 2)));
        Assert.Contains(new StartMember("m1"), seed.Does(new MemberGone(new("m1", 2), "evicted")));
    }

    [Fact]
    public void Lost_rank_must_be_named_with_the_hop_that_waits_for_it()
    {
        var seed = new Rig(3).Trains();
        seed.Does(seed.Waits(2, peer: 1));
        Assert.Equal("epoch 1.1 ended (MemberExit): rank 1: m1#1: signal 9; rank 2 has waited 40 ms for a KV block from rank 1 at update 0, layer 1, ring step 1, backward",
            seed.Says(new MemberGone(new("m1", 1), "signal 9")));
    }

    [Fact]
    public void Silent_rank_must_be_fenced_before_its_place_is_given_away()
    {
        var seed = new Rig(3, ranks: 2).Trains();
        seed.KeepAlive(2_200, "m0", "m2");
        var effects = seed.Does(new WakeUp());
        Assert.Contains(effects, effect => effect is FenceMember { Member.Name: "m1" });
        Assert.DoesNotContain(effects, effect => effect is AppendLog { Record: EpochIssued });
        seed.Does(new MemberGone(new("m1", 1), "fenced"));
        seed.Sync();
        seed.KeepAlive(100, "m0", "m2");
        Assert.Contains(seed.Does(new WakeUp()), effect => effect is AppendLog { Record: EpochIssued });
    }

    [Fact]
    public void Rank_with_another_plan_must_be_named_before_anything_starts()
    {
        var seed = new Rig(2);
        seed.Does(Rig.Submit("key"));
        seed.Sync();
        seed.Sync();
        seed.Sync();
        var epoch = seed.Machine.Epoch;
        var reason = seed.Says(new Received(new(new("m1", 1), Role.Member), new PlanAnswer(epoch, "other", "", "", new("layout", "zigzag", "stripe"), "")));
        Assert.Equal("epoch 1.1 ended (PlanMismatch): rank 1: layout = stripe in its plan; nearest possible: zigzag, as in the plan of the job", reason);
        seed.Wait(100);
        seed.Does(new WakeUp());
        seed.Sync();
        Assert.Equal((JobState.Failed, "rank 1: layout = stripe in its plan; nearest possible: zigzag, as in the plan of the job"),
            (seed.Machine.Book.Jobs[0].State, seed.Machine.Book.Jobs[0].Verdict));
    }

    [Fact]
    public void Late_hop_must_be_blamed_on_the_end_of_the_chain_of_waits()
    {
        var seed = new Rig(3).Trains();
        seed.Does(seed.Late(2, peer: 1));
        seed.Does(seed.Late(1, peer: 0));
        seed.KeepAlive(250, "m0", "m1", "m2");
        Assert.Equal("epoch 1.1 ended (HopLate): rank 0 is late: rank 1 has waited 2500 ms for a KV block from rank 0 at update 0, layer 1, ring step 0", seed.Says(new WakeUp()));
    }

    [Fact]
    public void Restarted_coordinator_must_take_a_running_epoch_over_when_all_of_its_ranks_report_in()
    {
        var first = new Rig(2).Trains();
        first.Does(first.Done(0, 1));
        first.Does(first.Done(1, 1));
        first.Sync();
        var second = new Rig(first.Log, term: 2);
        Assert.Equal(EpochPhase.Adopting, second.Machine.Phase);
        second.Does(second.Reports(0, acknowledged: 1));
        Assert.Equal(EpochPhase.Adopting, second.Machine.Phase);
        second.Does(second.Reports(1, acknowledged: 0));
        Assert.Equal((EpochPhase.Training, new RingEpoch(1, 1)), (second.Machine.Phase, second.Machine.Epoch));
        second.Does(second.Done(0, 2));
        Assert.Contains(second.Does(second.Done(1, 2)), effect => effect is AppendLog { Record: StepCommitted { StepsDone: 2 } });
    }

    // What was heard between the end of the stop and the next tick is not moved into the future with the rest.
    [Theory]
    [InlineData(0)]
    [InlineData(60_000)]
    public void Silent_member_must_be_given_up_after_its_lease_when_the_coordinator_was_stopped_before(int stoppedMilliseconds)
    {
        var lease = (int)new CoordinatorOptions().MemberLease.TotalMilliseconds;
        var seed = new Rig(2).Trains();
        seed.Wait(stoppedMilliseconds);
        seed.Does(seed.Beat("m0"));
        seed.Does(seed.Beat("m1"));
        Assert.DoesNotContain(seed.Does(new WakeUp()), effect => effect is FenceMember);
        seed.KeepAlive(lease, "m0");
        seed.KeepAlive(100, "m0");
        Assert.Contains(seed.Does(new WakeUp()), effect => effect is FenceMember { Member: var member } && member == new MemberId("m1", 1));
    }

    [Fact]
    public void End_of_an_epoch_must_not_be_told_before_the_epoch_is_on_the_disk()
    {
        var seed = new Rig(2);
        seed.Does(Rig.Submit("key"));
        while (seed.Machine.Phase != EpochPhase.Issuing)
        {
            Assert.NotEmpty(seed.Sync());
        }

        Assert.StartsWith("epoch 1.1 ended (MemberExit)", seed.Says(new MemberGone(new("m1", 1), "signal 9")), StringComparison.Ordinal);
        Assert.DoesNotContain(seed.Does(seed.Beat("m0")), effect => effect is Send { Message: EndEpoch });
        seed.Sync();
        Assert.Equal(new(1, 1), Assert.Single(seed.Does(Rig.Behind("m0", sequence: 100)).OfType<Send>().Select(send => send.Message).OfType<EndEpoch>()).Epoch);
    }

    [Fact]
    public void Coordinator_must_exit_when_it_hears_of_a_later_term() =>
        Assert.Contains(new Rig(1).Does(new Received(new(new("m0", 1), Role.Member), new StaleTerm(2))), effect => effect is ExitProcess { IsClean: false });

    [Fact]
    public void Coordinator_must_exit_when_the_log_takes_no_more() =>
        Assert.Contains(new Rig(1).Does(new LogFailed("fsync: no space left")), effect => effect is ExitProcess { IsClean: false });

    [Fact]
    public void Cancelled_job_must_stay_so()
    {
        var seed = new Rig(2).Trains();
        seed.Does(new Received(User, new ControlJob("1", new(1), JobVerb.Cancel)));
        Assert.Contains(seed.Sync(), effect => effect is Send { Message: EndEpoch });
        Assert.Equal(RequestOutcome.Refused, Rig.SentTo<ControlAnswer>(User.Member, seed.Does(new Received(User, new ControlJob("2", new(1), JobVerb.Resume)))).Outcome);
        Assert.Equal(JobState.Cancelled, seed.Machine.Book.Jobs[0].State);
    }

    /// <summary>A machine, its clock, its disk, and members that beat when told to.</summary>
    private sealed class Rig
    {
        private readonly Outbox _effects = new();
        private readonly int _ranks;
        private readonly Queue<AppendLog> _unsynced = new();
        private Instant _now;
        private long _sequence;

        internal Rig(int members, int ranks = 0, bool startsMembers = false)
            : this([], 1, startsMembers)
        {
            _ranks = ranks == 0 ? members : ranks;
            for (var member = 0; member < members; member++)
            {
                Does(Beat($"m{member}"));
            }
        }

        internal Rig(IEnumerable<LogRecord> log, long term, bool startsMembers = false)
        {
            Log = [.. log];
            Machine = new(term, Log, new() { StartsMembers = startsMembers }, new TestPlanner());
            Does(new Started());
        }

        internal CoordinatorMachine Machine { get; }

        internal List<LogRecord> Log { get; }

        internal long NextSequence { get; private set; } = 1;

        internal static Received Submit(string key, int ranks = 2, int minRanks = 2, long steps = 100)
        {
            var spec = new JobSpec { Name = "job", Ranks = ranks, MinRanks = minRanks, TrainSteps = steps, CheckpointEvery = 50 };
            return new(User, new SubmitJob(key, SpecCodec.Hash(spec), spec));
        }

        internal void Wait(int milliseconds) => _now += TimeSpan.FromMilliseconds(milliseconds);

        /// <summary>Time passes in ticks; only the members named go on beating. Ends one tick short, so that the last one can be looked at.</summary>
        internal void KeepAlive(int milliseconds, params string[] names)
        {
            for (var passed = 0; passed < milliseconds; passed += 50)
            {
                Wait(50);
                foreach (var name in names)
                {
                    Does(Beat(name));
                }

                if (passed + 50 < milliseconds)
                {
                    var effects = Does(new WakeUp());
                    if (effects.Exists(effect => effect is FenceMember))
                    {
                        return;
                    }
                }
            }
        }

        internal Received Done(int rank, long stepsDone, ulong? digest = null, double loss = 1) => new(new(new($"m{rank}", 1), Role.Member),
            new TrainStepCompleted(Machine.Epoch, stepsDone, new(digest ?? (ulong)stepsDone), new(loss, 1, 1, TimeSpan.Zero, 1, TimeSpan.Zero)));

        internal Received Fails(int rank, FailureKind kind) => new(new(new($"m{rank}", 1), Role.Member), new RankFailed(Machine.Epoch, new(3), kind, "a word"));

        internal Received Late(int rank, int peer) => new(new(new($"m{rank}", 1), Role.Member),
            new HopOverdue(Machine.Epoch, new(new(0), 0, 1, new(0), false, new(peer), TimeSpan.FromMilliseconds(2_500))));

        internal Received Waits(int rank, int peer) => new(new(new($"m{rank}", 1), Role.Member), new MemberHello(++_sequence, Machine.Term, "", Machine.Epoch,
            RankPhase.Training, 0, 0, 1, false, new(new(0), 3, 1, new(1), true, new(peer), TimeSpan.FromMilliseconds(40)), []));

        internal Received Reports(int rank, long acknowledged) => new(new(new($"m{rank}", 1), Role.Member),
            new MemberHello(++_sequence, Machine.Term, "", Machine.Epoch, RankPhase.Training, acknowledged, 1, 1, false, null, []));

        internal Rig Trains()
        {
            Does(Submit("key", _ranks, _ranks));
            while (_unsynced.Count > 0)
            {
                Sync();
            }

            var epoch = Machine.Epoch;
            for (var rank = 0; rank < _ranks; rank++)
            {
                Does(new Received(new(new($"m{rank}", 1), Role.Member), new PlanAnswer(epoch, Machine.Plan!.Hash, "", $"m{rank}:1", null, "")));
            }

            for (var rank = 0; rank < _ranks; rank++)
            {
                Does(new Received(new(new($"m{rank}", 1), Role.Member), new RankReady(epoch, 0, new(0))));
            }

            Assert.Equal(EpochPhase.Training, Machine.Phase);
            return this;
        }

        /// <summary>All ranks finish some updates, and the disk has them.</summary>
        internal Rig Commits(int steps)
        {
            for (var step = 1; step <= steps; step++)
            {
                for (var rank = 0; rank < _ranks; rank++)
                {
                    Does(Done(rank, step));
                }

                Sync();
            }

            Assert.Equal(steps, Machine.Book.Jobs[0].StepsCommitted);
            return this;
        }

        /// <summary>A member is killed; the others say what is in their memory.</summary>
        internal ProposePlan Loses(string name, params (string Name, Replica[] Replicas)[] others)
        {
            Does(new MemberGone(new(name, 1), "signal 9"));
            Sync();
            return Next(others);
        }

        /// <summary>What the next epoch's ranks are told once its members have left the last one.</summary>
        internal ProposePlan Next(params (string Name, Replica[] Replicas)[] members)
        {
            foreach (var (name, replicas) in members)
            {
                Does(Beat(name, replicas));
            }

            Wait(400);
            foreach (var (name, replicas) in members)
            {
                Does(Beat(name, replicas));
            }

            Does(new WakeUp());
            return Sync().OfType<Send>().Select(send => send.Message).OfType<ProposePlan>().First();
        }

        /// <summary>All ranks of the epoch have the same plan.</summary>
        internal void Starts()
        {
            foreach (var member in Machine.Ranks.ToArray())
            {
                Does(new Received(new(member!.Id, Role.Member), new PlanAnswer(Machine.Epoch, Machine.Plan!.Hash, "", $"{member.Id.Name}:1", null, "")));
            }
        }

        /// <summary>The disk catches up with what is waiting now.</summary>
        internal List<Effect> Sync()
        {
            List<Effect> all = [];
            for (var waiting = _unsynced.Count; waiting > 0; waiting--)
            {
                var append = _unsynced.Dequeue();
                Log.Add(append.Record);
                all.AddRange(Does(new LogAppended(append.Sequence)));
            }

            return all;
        }

        internal List<Effect> Does(MachineEvent input)
        {
            Says(input);
            return [.. Enumerable.Range(0, _effects.Count).Select(at => _effects[at])];
        }

        internal string? Says(MachineEvent input)
        {
            _effects.Clear();
            var reason = Machine.Handle(input, _now, _effects);
            for (var at = 0; at < _effects.Count; at++)
            {
                if (_effects[at] is AppendLog append)
                {
                    NextSequence = append.Sequence + 1;
                    _unsynced.Enqueue(append);
                }
            }

            return reason;
        }

        internal static T SentTo<T>(MemberId receiver, List<Effect> effects)
            where T : Message => Assert.Single(effects.OfType<Send>().Where(send => send.Receiver == receiver).Select(send => send.Message).OfType<T>());

        /// <summary>A member that has never heard of an epoch.</summary>
        internal static Received Behind(string name, long sequence) =>
            new(new(new(name, 1), Role.Member), new MemberHello(sequence, 1, "", RingEpoch.None, RankPhase.Idle, 0, 0, sequence, false, null, []));

        // Nobody has heard of an epoch that is still on its way to the disk.
        internal Received Beat(string name, params ReadOnlySpan<Replica> replicas)
        {
            var isRank = Machine.Phase != EpochPhase.Issuing && Machine.Ranks.Any(rank => rank?.Id.Name == name);
            return new(new(new(name, 1), Role.Member), new MemberHello(++_sequence, Machine.Term, "", isRank ? Machine.Epoch : Machine.Book.LastEpoch,
                isRank ? RankPhase.Training : RankPhase.Idle, 0, 0, _sequence, false, null, [.. replicas]));
        }
    }
}
