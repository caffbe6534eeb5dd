using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Messages;

/// <summary>One of each, with every field away from its default.</summary>
internal static class WireSamples
{
    private static readonly RingEpoch Epoch = new(3, 7);
    private static readonly HopWait Hop = new(new(41), 5, 2, new(1), true, new(3), TimeSpan.FromMilliseconds(150));

    private static HopFigures Figures { get; } = new(1_000, 1L << 40, TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(9), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1));

    internal static JobSpec Spec { get; } = new()
    {
        Name = "größer", Payload = [1, 2, 3], Ranks = 4, MinRanks = 2, TrainSteps = 100, CheckpointEvery = 10, Granularity = GrantGranularity.PerHop,
    };

    internal static Message[] Messages { get; } =
    [
        new MemberHello(9, 3, "cpu avx2 1.0", Epoch, RankPhase.Training, 40, 42, 1_000, true, Hop, [new(new(2), 42, new(7), 4, 3), new(new(2), 42, new(7), 4, 2)]),
        new MemberHello(9, 3, "", Epoch, RankPhase.Idle, 0, 0, 0, false, null, [], IsReserve: true),
        new PlanAnswer(Epoch, "c0ffee", "cpu", "127.0.0.1:9", new PlanDifference("layout", "zigzag", "stripe"), ""),
        new PlanAnswer(Epoch, "", "cpu", "", null, "no plan"),
        new RankReady(Epoch, 40, new(0x1122334455667788)),
        new TrainStepCompleted(Epoch, 41, new(5), new(2.5, 0.125, 4_096, TimeSpan.FromSeconds(1), 1L << 33, TimeSpan.FromMilliseconds(3))),
        new ShardWritten(Epoch, 40, 1L << 34, "5ba256", new(6)),
        new RankFailed(Epoch, new(41), FailureKind.NonFinite, "out of memory"),
        new CheckpointUnreadable(Epoch, 40, "rank-00001.safetensors: its SHA-256 is another one"),
        new ShardUnwritten(Epoch, 40, "rank-00001.safetensors: No space left on device"),
        new HopOverdue(Epoch, Hop),
        new StaleTerm(4),
        new KvBlockReady(Epoch, new(41), 6),
        new CoordinatorHello(3, 12, Epoch, EpochPhase.Training, 41, 50, 51, 40),
        new ProposePlan(3, Epoch, new(2), Spec, [new("m0", 1), new("m1", 5)], [9, 8, 7], "c0ffee", 40, [], []),
        new ProposePlan(3, Epoch, new(2), Spec, [new("m0", 1), new("m1", 5)], [9, 8, 7], "c0ffee", 42, [new(1), new(0), new(1)], [new(20, 23), new(40, 41)]),
        new StartEpoch(3, Epoch, ["a:1", "b:2"], "secret"),
        new EndEpoch(3, Epoch, EpochEnd.HopLate, "rank 2 is late"),
        new ReleaseMember(3, new("m0", 1), true, "asked to leave"),
        new SubmitJob("key", "5bec", Spec),
        new SubmitAnswer("key", RequestOutcome.Conflict, new(2), "used before"),
        new ControlJob("key", new(2), JobVerb.Checkpoint),
        new ControlAnswer("key", RequestOutcome.Refused, "it is over"),
        new QueryJobs("key", 300),
        new DrainMember("key", "m1"),
        new JobsAnswer("key", 2,
        [
            new(new(1), "a", JobState.Failed, "why", 3, 9, 2, 4, 2, 3, Epoch, 7, 4, TimeSpan.FromMinutes(1), new(2, TimeSpan.FromSeconds(30), 5, "rank 1: no space")),
            new(new(2), "", JobState.Queued, "", 0, 1, 0, 1, 1, 0, RingEpoch.None, 0, 0, null),
        ]),
        new HopSummary(Epoch, 12, TimeSpan.FromSeconds(2),
        [
            new(new(3), 1, 1L << 40, TimeSpan.FromMilliseconds(150), TimeSpan.FromMilliseconds(15), [new(60, 40), new(247, 1)]),
            new(HopTally.Others, -1, 0, TimeSpan.Zero, TimeSpan.Zero, []),
        ]),
        new QueryRing("key", 256),
        new RingAnswer("key", Epoch, new(2), "zigzag", EpochPhase.Training, TimeSpan.FromMinutes(3), 41, 256, 258,
        [
            new(new(256), new("m1", 5), "127.0.0.1:9", RankPhase.Training, 42, new(257), new(255), Figures, [new(new(255), 1, Figures)], Hop, TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(12.5), 4.25),
            new(new(257), new("", 0), "", RankPhase.Idle, 0, new(0), new(256), new(0, 0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero), [], null, TimeSpan.Zero, TimeSpan.Zero, 0),
        ],
            new(Epoch, new(256), Hop, new(3), new("m3", 1), TimeSpan.FromMilliseconds(70)),
            [new(Epoch, new(256), Hop, new(3), new("", 0), TimeSpan.FromMilliseconds(70))],
            [new(new(2), new(3, 6), EpochEnd.HopLate, "rank 2 is late", 39, TimeSpan.FromMinutes(4)), new(new(2), new(3, 7), EpochEnd.Operator, "", 40, TimeSpan.Zero)]),
        new RingAnswer("key", RingEpoch.None, default, "", EpochPhase.None, TimeSpan.Zero, 0, 0, 0, [], null, [], []),
        new QueryMembers("key", 256),
        new MembersAnswer("key", new("seed", 4), 3, TimeSpan.FromHours(1), 256, 258,
        [
            new(new("m0", 1), MemberRole.Rank, MemberState.Leaving, true, new(3), new(2), Epoch, RankPhase.Parked, 42, "cpu avx2 1.0", TimeSpan.FromMilliseconds(90), "library"),
            new(new("", 0), MemberRole.Seed, MemberState.Joining, false, new(-1), default, RingEpoch.None, RankPhase.Idle, 0, "", null, ""),
        ]),
        new QueryHierarchy("key", "/user/jobs", 2, 1_024),
        new HierarchyAnswer("key", 1_024, 1_026, ["/user/jobs/job-1/rank-3", "/user/jobs/job-1/rank-3/ring"]),
        new ArmFault("key", new(2), 17, FaultPoint.Rotation, Fault.Slow, TimeSpan.FromSeconds(3)),
        new FaultArmed("key"),
    ];

    internal static LogRecord[] Records { get; } =
    [
        new JobSubmitted(new(2), "key", "5bec", Spec),
        new JobStateChanged(new(2), JobState.Pausing, "by a person", "request-1"),
        new EpochIssued(new(2), Epoch, [new("m0", 1), new("m1", 5)], "c0ffee", 40, EpochEnd.Silence),
        new StepCommitted(new(2), Epoch, 41, new(5)),
        new StepCommitted(new(2), Epoch, 41, new(5), new(2.5, 0.125, 4_096, TimeSpan.FromSeconds(1), 1L << 33, TimeSpan.FromMilliseconds(3))),
        new CheckpointCommitted(new(2), Epoch, 40, 2, "5ba256"),
        new MemberFenced(new("m1", 5)),
        new JobFolded(new(2), 9, 41, 4, 2, true),
        new CheckpointLost(new(2), 40, 30, "a bit is another one"),
        new WindowSkipped(new(2), Epoch, new(40, 43), "loss is NaN"),
    ];
}
