using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Specs.Telemetry;

/// <summary>Rows as a coordinator would publish them.</summary>
internal static class Rows
{
    internal static readonly RingEpoch Epoch = new(3, 7);

    internal static StepRow Step(long steps, bool repeated = false, double loss = 2.5, long job = 1) =>
        new(new JobId(job), Epoch, steps, repeated, new StepReport(loss, 0.75, 4096, TimeSpan.FromSeconds(2), 1 << 20, TimeSpan.FromMilliseconds(250)));

    internal static EpochRow EpochBegins(long job = 1) => new(new JobId(job), Epoch, EpochPhase.Training, EpochEnd.None, "");

    internal static EpochRow EpochEnds(EpochEnd cause, long job = 1) => new(new JobId(job), Epoch, EpochPhase.None, cause, "rank 2 was silent");

    internal static HopRow Hop(int culprit) =>
        new(Epoch, new GlobalRank(0), new HopWait(new TrainStep(4), 1, 2, new RingStep(1), false, new GlobalRank(3), TimeSpan.FromSeconds(6)), new GlobalRank(culprit));

    internal static StragglerRow Straggler(int rank, bool isSlow, long job = 1) => new(new JobId(job), Epoch, 40, new GlobalRank(rank), new MemberId("rank", 1), isSlow, 4.25, $"rank {rank} is slow");

    internal static DurabilityRow Durability(bool isDegraded, long job = 1) => new(new JobId(job), Epoch, 40, isDegraded, "rank 1: no space");

    internal static JobRow Job(JobState state, long job = 1) => new(new JobId(job), state, "");
}
