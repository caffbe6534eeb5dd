using ActorRing.Actors;
using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Rank;

namespace ActorRing.Simulation;

/// <summary>Times of the simulated cluster: the proportions of a real one, small enough for tens of thousands of schedules a minute.</summary>
internal static class SimSettings
{
    internal const int RunAhead = 2;

    internal const int LeaseMilliseconds = 200;

    internal const int RejoinMilliseconds = 250;

    internal const int IsolationMilliseconds = 400;

    internal static CoordinatorOptions Coordinator(Mutation mutation, bool stopsLoops) => new()
    {
        TickEvery = TimeSpan.FromMilliseconds(25),
        MemberLease = TimeSpan.FromMilliseconds(LeaseMilliseconds),
        SocketGrace = TimeSpan.FromMilliseconds(60),
        IsolationLimit = TimeSpan.FromMilliseconds(IsolationMilliseconds),
        JoinLimit = TimeSpan.FromMilliseconds(50),
        StallLimit = TimeSpan.FromMilliseconds(250),
        FirstStepLimit = TimeSpan.FromMilliseconds(250),
        HopVerdictDelay = TimeSpan.FromMilliseconds(60),
        FormingLimit = TimeSpan.FromMilliseconds(300),
        AdoptLimit = TimeSpan.FromMilliseconds(250),
        RejoinWait = TimeSpan.FromMilliseconds(RejoinMilliseconds),
        Settle = TimeSpan.FromMilliseconds(5),
        Backoff = TimeSpan.FromMilliseconds(5),
        LongestBackoff = TimeSpan.FromMilliseconds(40),
        EpochsWithoutCommit = stopsLoops ? 3 : 1_000,
        RunAhead = RunAhead,
        StartsMembers = true,
        Mutation = mutation,
    };

    internal static RankOptions Rank(Mutation mutation, bool isOdd, bool isReserve) => new()
    {
        HeartbeatEvery = TimeSpan.FromMilliseconds(25),
        CoordinatorLease = TimeSpan.FromMilliseconds(250),
        SummaryEvery = TimeSpan.FromMilliseconds(25),
        HopDeadline = TimeSpan.FromMilliseconds(150),
        RunAhead = RunAhead,
        IsReserve = isReserve,
        Fingerprint = isOdd ? "2.0" : "1.0",
        Mutation = mutation,
    };
}
