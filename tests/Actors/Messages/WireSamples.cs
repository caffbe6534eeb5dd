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

    internal static JobSpec Spec { get; } = new()
    {
        Name = "größer", Payload = [1, 2, 3], Ranks = 4, MinRanks = 2, TrainSteps = 100, CheckpointEvery = 10, Granularity = GrantGranularity.PerHop,
    };

    internal static Message[] Messages { get; } =
    [
        new MemberHello(9, 3, "cpu avx2 1.0", Epoch, RankPhase.Training, 40, 42, 1_000, true, Hop),
        new MemberHello(9, 3, "", Epoch, RankPhase.Idle, 0, 0, 0, false, null),
        new PlanAnswer(Epoch, "c0ffee", "cpu", "127.0.0.1:9", new PlanDifference("layout", "zigzag", "stripe"), ""),
        new PlanAnswer(Epoch, "", "cpu", "", null, "no plan"),
        new RankReady(Epoch, 40, new(0x1122334455667788)),
        new TrainStepCompleted(Epoch, 41, new(5), new(2.5, 0.125, 4_096, TimeSpan.FromSeconds(1), 1L << 33, TimeSpan.FromMilliseconds(3))),
        new ShardWritten(Epoch, 40, 1L << 34, "5ba256", new(6)),
        new RankFailed(Epoch, new(41), "out of memory"),
        new HopOverdue(Epoch, Hop),
        new StaleTerm(4),
        new KvBlockReady(Epoch, new(41), 6),
        new CoordinatorHello(3, 12, Epoch, EpochPhase.Training, 41, 50, 51, 40),
        new ProposePlan(3, Epoch, new(2), Spec, [new("m0", 1), new("m1", 5)], [9, 8, 7], "c0ffee", 40),
        new StartEpoch(3, Epoch, ["a:1", "b:2"], "secret"),
        new EndEpoch(3, Epoch, EpochEnd.HopLate, "rank 2 is late"),
        new ReleaseMember(3, new("m0", 1), true, "asked to leave"),
        new SubmitJob("key", "5bec", Spec),
        new SubmitAnswer("key", RequestOutcome.Conflict, new(2), "used before"),
        new ControlJob("key", new(2), JobVerb.Checkpoint),
        new ControlAnswer("key", RequestOutcome.Refused, "it is over"),
        new QueryJobs("key"),
        new DrainMember("key", "m1"),
        new JobsAnswer("key", [new(new(1), "a", JobState.Completed, 100, 100, 100, ""), new(new(2), "b", JobState.Failed, 3, 9, 2, "why")]),
    ];

    internal static LogRecord[] Records { get; } =
    [
        new JobSubmitted(new(2), "key", "5bec", Spec),
        new JobStateChanged(new(2), JobState.Pausing, "by a person", "request-1"),
        new EpochIssued(new(2), Epoch, [new("m0", 1), new("m1", 5)], "c0ffee", 40, EpochEnd.Silence),
        new StepCommitted(new(2), Epoch, 41, new(5)),
        new CheckpointCommitted(new(2), Epoch, 40, 2, "5ba256"),
        new MemberFenced(new("m1", 5)),
    ];
}
