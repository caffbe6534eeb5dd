using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Actors.Rank;
using ActorRing.Actors.Submitter;

namespace ActorRing.Actors.Specs.Machines;

/// <summary>What people are told. That they decide nothing by asking is the simulator's business.</summary>
public class QuerySpec
{
    private static readonly Sender Observer = new(new("terminal", 1), Role.Observer);
    private static readonly RingEpoch Epoch = new(1, 1);
    private readonly Outbox _effects = new();
    private readonly Queue<long> _appended = new();
    private Instant _now;
    private long _sequence;

    [Fact]
    public void Ring_must_name_neighbours_figures_the_present_wait_and_the_late_one()
    {
        var seed = Trains(3);
        var tally = new HopTally(new(1), 1, 640, TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(10), [new(0, 4)]);
        From(seed, 2, new HopSummary(Epoch, 2, TimeSpan.FromSeconds(2), [tally]));
        From(seed, 2, new HopSummary(Epoch, 1, TimeSpan.Zero, []));
        var hop = new HopWait(new(0), 3, 1, new(1), true, new(1), TimeSpan.FromSeconds(3));
        From(seed, 2, new MemberHello(++_sequence, 1, "cpu", Epoch, RankPhase.Training, 0, 0, 1, false, hop, []));
        From(seed, 2, new HopOverdue(Epoch, hop));
        From(seed, 1, new HopOverdue(Epoch, hop with { Peer = new(0) }));
        _now += TimeSpan.FromMilliseconds(70);

        var ring = Ask<RingAnswer>(seed, new QueryRing("key", 0));
        Assert.Equal((Epoch, new JobId(1), "ring", EpochPhase.Training, 3), (ring.Epoch, ring.Job, ring.Mode, ring.Phase, ring.Total));
        var last = ring.Ranks[2];
        Assert.Equal((new GlobalRank(0), new GlobalRank(1), new MemberId("m2", 1), "m2:1", hop), (last.SendsTo, last.ReceivesFrom, last.Member, last.Endpoint, last.Waiting));
        Assert.Equal((4L, 640L, 0.75, TimeSpan.FromSeconds(2)), (last.Hops.Transfers, last.Hops.Bytes, last.Hops.Overlap, last.Deadline));
        Assert.Equal((new GlobalRank(1), 1, last.Hops), (last.Links[0].Peer, last.Links[0].Channel, last.Links[0].Figures));
        Assert.Null(ring.Ranks[0].Hops.Overlap);
        Assert.Equal((new GlobalRank(1), new GlobalRank(0), new MemberId("m0", 1), TimeSpan.FromMilliseconds(70)), (ring.Late!.Waiter, ring.Late.Culprit, ring.Late.Member, ring.Late.Ago));
        Assert.Equal([1, 0], ring.LateHops.Select(late => late.Culprit.Index));
    }

    [Fact]
    public void Ring_must_name_the_slow_rank_and_rows_must_say_when_it_begins_and_ends()
    {
        var seed = Trains(3);
        List<StragglerRow> rows = [];
        for (var update = 1; update <= 60; update++)
        {
            for (var rank = 0; rank < 3; rank++)
            {
                var (work, elapsed) = (update > 30 && rank == 1 ? 400 : 100, update > 30 ? 400 : 100);
                From(seed, rank, new TrainStepCompleted(Epoch, update, new((ulong)update), new(1, 1, 64, TimeSpan.FromMilliseconds(elapsed), 0, TimeSpan.FromMilliseconds(elapsed - work))));
                rows.AddRange(Enumerable.Range(0, _effects.Count).Select(at => _effects[at]).OfType<Publish>().Select(publish => publish.Row).OfType<StragglerRow>());
            }

            Sync(seed);
        }

        var row = Assert.Single(rows);
        Assert.Equal((Epoch, new JobId(1), new GlobalRank(1), new MemberId("m1", 1), true), (row.Epoch, row.Job, row.Rank, row.Member, row.IsSlow));
        Assert.InRange(row.StepsDone, 31, 40);
        Assert.StartsWith("rank 1 (m1#1) is slow: ", row.Reason, StringComparison.Ordinal);
        Assert.EndsWith(" ms, and took 100 ms before", row.Reason, StringComparison.Ordinal);
        var ring = Ask<RingAnswer>(seed, new QueryRing("key", 0));
        Assert.Equal([0, 4, 0], ring.Ranks.Select(rank => rank.Slow));
        Assert.Equal([100, 400, 100], ring.Ranks.Select(rank => rank.Work.TotalMilliseconds));

        Tell(seed, new MemberGone(new("m0", 1), "signal 9"));
        var ended = Assert.Single(Enumerable.Range(0, _effects.Count).Select(at => _effects[at]).OfType<Publish>().Select(publish => publish.Row).OfType<StragglerRow>());
        Assert.Equal((new GlobalRank(1), false, "rank 1 (m1#1) was slow until the epoch ended"), (ended.Rank, ended.IsSlow, ended.Reason));
    }

    [Fact]
    public void Ring_must_tell_how_the_last_sixteen_epochs_ended()
    {
        var seed = Trains(2);
        Tell(seed, new MemberGone(new("m1", 1), "signal 9"));
        _now += TimeSpan.FromSeconds(1);
        var ring = Ask<RingAnswer>(seed, new QueryRing("key", 0));
        Assert.Equal((RingEpoch.None, 0), (ring.Epoch, ring.Ranks.Length));
        Assert.Equal([new EpochOutcome(new(1), Epoch, EpochEnd.MemberExit, "rank 1: m1#1: signal 9", 0, TimeSpan.FromSeconds(1))], ring.Outcomes.ToArray());
    }

    [Fact]
    public void Members_must_be_told_in_the_words_of_clusters()
    {
        var seed = Trains(3, ranks: 2);
        Tell(seed, new MemberStarted(new("m9", 1)));
        From(seed, 0, new MemberHello(++_sequence, 1, "cpu", Epoch, RankPhase.Training, 0, 0, 1, true, null, []));
        Tell(seed, new MemberDisconnected(new("m1", 1)));
        Tell(seed, new MemberGone(new("m2", 1), "exit 1"));
        var members = Ask<MembersAnswer>(seed, new QueryMembers("key", 0));
        Assert.Equal(
        [
            ("seed", MemberRole.Seed, MemberState.Up, false, -1), ("m0", MemberRole.Rank, MemberState.Leaving, false, 0), ("m1", MemberRole.Rank, MemberState.Up, true, 1),
            ("m9", MemberRole.Rank, MemberState.Joining, false, -1), ("m2", MemberRole.Rank, MemberState.Removed, false, -1),
        ], members.Members.Select(member => (member.Member.Name, member.Role, member.State, member.IsUnreachable, member.Rank.Index)));
        Assert.Equal((1L, "seed", "m2#1: exit 1", null), (members.Term, members.Leader.Name, members.Members[^1].Reason, members.Members[3].Heard));
    }

    [Fact]
    public void Hierarchy_must_be_sorted_and_cut_to_what_was_asked_for()
    {
        var seed = Trains(2);
        From(seed, 1, new MemberHello(++_sequence, 1, "cpu", Epoch, RankPhase.Training, 0, 0, 1, false, null, []));
        Assert.Equal(["/user/jobs", "/user/jobs/job-1", "/user/jobs/job-1/rank-0", "/user/jobs/job-1/rank-1", "/user/jobs/job-1/rank-1/ring"],
            Ask<HierarchyAnswer>(seed, new QueryHierarchy("key", "/user/jobs", 3, 0)).Paths.ToArray());
        Assert.Equal(["/system", "/user"], Ask<HierarchyAnswer>(seed, new QueryHierarchy("key", "/", 1, 0)).Paths.ToArray());
        Assert.Equal(["/system/members", "/system/members/m0", "/system/members/m1"], Ask<HierarchyAnswer>(seed, new QueryHierarchy("key", "/system/members/", 1, 0)).Paths.ToArray());
        Assert.Empty(Ask<HierarchyAnswer>(seed, new QueryHierarchy("key", "/user/job", 9, 0)).Paths);
    }

    [Fact]
    public void Jobs_must_be_told_with_epochs_and_losses()
    {
        var seed = Trains(3, ranks: 2);
        Tell(seed, new MemberGone(new("m1", 1), "signal 9"));
        _now += TimeSpan.FromMilliseconds(300);
        From(seed, 0, Beat() with { Promised = Epoch });
        From(seed, 2, Beat());
        Tell(seed, new WakeUp());
        Sync(seed);
        var jobs = Ask<JobsAnswer>(seed, new QueryJobs("key", 0));
        Assert.Equal([new JobStatus(new(1), "job", JobState.Running, "", 0, 100, 0, 2, 2, 2, new(1, 2), 2, 1, TimeSpan.FromMilliseconds(300))], jobs.Jobs.ToArray());
        Assert.Equal(0, jobs.Jobs[0].Restarts);
        Assert.Empty(Ask<JobsAnswer>(seed, new QueryJobs("key", 1)).Jobs);
    }

    [Fact]
    public void Pages_must_fit_a_frame_when_every_name_is_as_long_as_it_can_be()
    {
        var name = new string('字', 300);
        var seed = new CoordinatorMachine(1, [], new() { MemberLease = TimeSpan.FromHours(1) }, new TestPlanner());
        Tell(seed, new Started());
        for (var member = 0; member < 600; member++)
        {
            Tell(seed, new Received(new(new($"{member}{name}", 1), Role.Member), new MemberHello(1, 1, name, RingEpoch.None, RankPhase.Idle, 0, 0, 0, false, null, [])));
        }

        Assert.Equal(601, Pages(seed, new ObserverMachine(new QueryMembers("key", 0), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9))).Sum(page => ((MembersAnswer)page).Members.Length));
        var paths = Pages(seed, new ObserverMachine(new QueryHierarchy("key", "/", 9, 0), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9)));
        Assert.Equal(606, paths.Sum(page => ((HierarchyAnswer)page).Paths.Length));
    }

    [Fact]
    public void Rank_must_sum_its_transfers_up_and_tell_of_them_once_a_second()
    {
        List<HopSummary> summaries = [];
        var planner = new TestPlanner();
        var spec = new JobSpec { Name = "job", Ranks = 1, MinRanks = 1, TrainSteps = 9, CheckpointEvery = 9 };
        var plan = planner.Plan(spec, 1);
        var rank = new RankMachine(new("m0", 1), new(), planner);
        var coordinator = new Sender(new("seed", 1), Role.Coordinator);
        Do(new Started());
        Do(new Received(coordinator, new ProposePlan(1, Epoch, new(1), spec, [new("m0", 1)], plan.Bytes, plan.Hash, 0, [], [])));
        Do(new HopsDone(Epoch, new(0), [new(1, new(0), 64, TimeSpan.FromMilliseconds(4), TimeSpan.FromMilliseconds(1)), new(1, new(0), 64, TimeSpan.FromMilliseconds(4), TimeSpan.Zero)]));
        Do(new HopsDone(new(1, 9), new(0), [new(1, new(0), 1 << 20, TimeSpan.FromMilliseconds(4), TimeSpan.Zero)]));
        for (var tick = 0; tick < 20; tick++)
        {
            _now += TimeSpan.FromMilliseconds(100);
            Do(new Received(coordinator, new CoordinatorHello(1, tick + 1, Epoch, EpochPhase.Proposing, 0, 0, 0, 0)));
            Do(new WakeUp());
        }

        Assert.Equal([1, 2], summaries.Select(summary => summary.Sequence));
        var row = Assert.Single(summaries[^1].Hops);
        Assert.Equal((128L, TimeSpan.FromMilliseconds(8), TimeSpan.FromMilliseconds(1), 2L), (row.Bytes, row.Elapsed, row.Waited, row.Times.Sum(bucket => bucket.Count)));

        void Do(MachineEvent input)
        {
            _effects.Clear();
            rank.Handle(input, _now, _effects);
            for (var at = 0; at < _effects.Count; at++)
            {
                if (_effects[at] is Send { Message: HopSummary summary })
                {
                    summaries.Add(summary);
                }
            }
        }
    }

    // Both sides as they are in two processes: every page goes through its bytes.
    private List<Message> Pages(CoordinatorMachine seed, ObserverMachine asker)
    {
        var own = new Outbox();
        asker.Handle(new Started(), _now, own);
        while (asker.Pages.IsEmpty)
        {
            var question = Assert.IsType<SendToSeed>(own[0]).Message;
            own.Clear();
            var answer = MessageCodec.Encode(Ask<Message>(seed, question));
            Assert.InRange(answer.Length, 1, WireLimits.FrameBytes);
            Assert.Equal(WireError.None, MessageCodec.TryDecode(answer, out var decoded));
            asker.Handle(new Received(new(new("seed", 1), Role.Coordinator), decoded!), _now, own);
        }

        return [.. asker.Pages];
    }

    private T Ask<T>(CoordinatorMachine seed, Message question)
        where T : Message
    {
        Tell(seed, new Received(Observer, question));
        return Assert.IsAssignableFrom<T>(Assert.IsType<Send>(Assert.Single(Enumerable.Range(0, _effects.Count).Select(at => _effects[at]))).Message);
    }

    private CoordinatorMachine Trains(int members, int ranks = 0)
    {
        ranks = ranks == 0 ? members : ranks;
        var seed = new CoordinatorMachine(1, [], new(), new TestPlanner());
        Tell(seed, new Started());
        for (var member = 0; member < members; member++)
        {
            From(seed, member, Beat());
        }

        var spec = new JobSpec { Name = "job", Ranks = ranks, MinRanks = ranks, TrainSteps = 100, CheckpointEvery = 50 };
        Tell(seed, new Received(new(new("user", 1), Role.Submitter), new SubmitJob("key", SpecCodec.Hash(spec), spec)));
        Sync(seed);
        for (var rank = 0; rank < ranks; rank++)
        {
            From(seed, rank, new PlanAnswer(Epoch, seed.Plan!.Hash, "", $"m{rank}:1", null, ""));
        }

        for (var rank = 0; rank < ranks; rank++)
        {
            From(seed, rank, new RankReady(Epoch, 0, new(0)));
        }

        Assert.Equal((EpochPhase.Training, Epoch), (seed.Phase, seed.Epoch));
        return seed;
    }

    private MemberHello Beat() => new(++_sequence, 1, "cpu", RingEpoch.None, RankPhase.Idle, 0, 0, _sequence, false, null, []);

    private void From(CoordinatorMachine seed, int member, Message message) => Tell(seed, new Received(new(new($"m{member}", 1), Role.Member), message));

    private void Sync(CoordinatorMachine seed)
    {
        while (_appended.TryDequeue(out var sequence))
        {
            Tell(seed, new LogAppended(sequence));
        }
    }

    private void Tell(CoordinatorMachine seed, MachineEvent input)
    {
        _effects.Clear();
        seed.Handle(input, _now, _effects);
        for (var at = 0; at < _effects.Count; at++)
        {
            if (_effects[at] is AppendLog append)
            {
                _appended.Enqueue(append.Sequence);
            }
        }
    }
}
