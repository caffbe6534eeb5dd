using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Specs.Telemetry;

namespace ActorRing.Cluster.Specs.Web;

/// <summary>Answers as a coordinator would give them about one job on a ring.</summary>
internal static class Answers
{
    internal static JobsAnswer Jobs(long steps, long wanted, int ranks = 2, string name = "tiny") => new("k", 1,
        [new JobStatus(new JobId(1), name, JobState.Running, "", steps, wanted, 0, ranks, ranks, ranks, Rows.Epoch, 2, 1, TimeSpan.FromMinutes(3))]);

    internal static JobsAnswer Degraded(JobsAnswer jobs) => jobs with { Jobs = [.. jobs.Jobs.Select(job => job with { Degraded = new(40, TimeSpan.FromSeconds(90), 3, "rank 1: no space") })] };

    internal static MembersAnswer Members(int ranks) => new("k", new MemberId("seed", 1), 3, TimeSpan.FromMinutes(5), 0, ranks + 1,
    [
        Member("seed", MemberRole.Seed, new GlobalRank(-1)),
        .. Enumerable.Range(0, ranks).Select(rank => Member(Name(rank), MemberRole.Rank, new GlobalRank(rank))),
    ]);

    internal static RingAnswer Ring(int ranks, int? late = null, int slow = -1)
    {
        var hop = new HopWait(new TrainStep(4), 1, 2, new RingStep(1), false, new GlobalRank(late ?? 0), TimeSpan.FromSeconds(6));
        var row = late is { } culprit ? new LateHop(Rows.Epoch, new GlobalRank((culprit + 1) % ranks), hop, new GlobalRank(culprit), new MemberId(Name(culprit), 1), TimeSpan.FromSeconds(2)) : null;
        return new RingAnswer("k", Rows.Epoch, new JobId(1), "zigzag", EpochPhase.Training, TimeSpan.FromSeconds(9), 40, 0, ranks,
            [.. Enumerable.Range(0, ranks).Select(rank => new RankStatus(new GlobalRank(rank), new MemberId(Name(rank), 1), "x", RankPhase.Training, 40,
                new GlobalRank((rank + 1) % ranks), new GlobalRank((rank + ranks - 1) % ranks),
                new HopFigures(1200, 3 << 20, TimeSpan.FromMilliseconds(1.5), TimeSpan.FromMilliseconds(9), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1)), [],
                row?.Waiter.Index == rank ? hop : null, TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(12.5), rank == slow ? 4.25 : 0))],
            row, row is null ? [] : [row], [new EpochOutcome(new JobId(1), new RingEpoch(3, 6), EpochEnd.MemberExit, "rank-1 exited", 31, TimeSpan.FromSeconds(40))]);
    }

    private static string Name(int rank) => string.Create(CultureInfo.InvariantCulture, $"rank-{rank}");

    private static MemberStatus Member(string name, MemberRole role, GlobalRank rank) =>
        new(new MemberId(name, 1), role, MemberState.Up, false, rank, new JobId(rank.Index < 0 ? 0 : 1), Rows.Epoch, RankPhase.Training, 40, "f", TimeSpan.FromMilliseconds(300), "");
}
