using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages;

/// <summary>Asks for the ring.</summary>
/// <param name="Key">Names the request in its answer.</param>
/// <param name="From">Ranks to leave out at the front.</param>
public sealed record QueryRing(string Key, int From) : Message;

/// <summary>The transfers of a rank with one peer over one channel, since the epoch began.</summary>
/// <param name="Peer">The other side; <see cref="HopTally.Others"/> in the row of all that have none of their own.</param>
/// <param name="Channel">What travelled, as the compute side numbers it; -1 in the row of the others.</param>
/// <param name="Figures">What they were like.</param>
public sealed record LinkStatus(GlobalRank Peer, int Channel, HopFigures Figures);

/// <summary>A rank of the current epoch.</summary>
/// <param name="Rank">Which.</param>
/// <param name="Member">Who holds it.</param>
/// <param name="Endpoint">Where its communicators can be reached; empty before it has said so, and in an epoch taken over from another coordinator.</param>
/// <param name="Phase">Where it is, as it said last; <see cref="RankPhase.Idle"/> if it spoke of another epoch.</param>
/// <param name="StepsDone">Updates in its state.</param>
/// <param name="SendsTo">Who fetches KV blocks from it.</param>
/// <param name="ReceivesFrom">From whom it fetches KV blocks.</param>
/// <param name="Hops">Its transfers since the epoch began, all channels together; about a second old.</param>
/// <param name="Links">The same by peer and channel; at most 16.</param>
/// <param name="Waiting">The transfer that it waits for, as it said last; null if none.</param>
/// <param name="Deadline">What a transfer may take before the communicators give it up; zero while not known.</param>
/// <param name="Work">Its own work in an update, as it usually was lately: time without waiting for others; zero while not known.</param>
/// <param name="Slow">How many times as long as usual that takes, while the rank is named for being slow; 0 while it is not.</param>
public sealed record RankStatus(GlobalRank Rank, MemberId Member, string Endpoint, RankPhase Phase, long StepsDone, GlobalRank SendsTo, GlobalRank ReceivesFrom,
    HopFigures Hops, ImmutableArray<LinkStatus> Links, HopWait? Waiting, TimeSpan Deadline, TimeSpan Work, double Slow);

/// <summary>A transfer that was late.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="Waiter">Whose transfer it was.</param>
/// <param name="Hop">Which transfer.</param>
/// <param name="Culprit">The rank at the end of the chain of waits, as far as it is known.</param>
/// <param name="Member">Who holds that rank.</param>
/// <param name="Ago">Since it was first reported.</param>
public sealed record LateHop(RingEpoch Epoch, GlobalRank Waiter, HopWait Hop, GlobalRank Culprit, MemberId Member, TimeSpan Ago);

/// <summary>How an epoch ended.</summary>
/// <param name="Job">Whose it was.</param>
/// <param name="Epoch">Which.</param>
/// <param name="Cause">Why.</param>
/// <param name="Reason">One line: names rank, layer, ring step and peer where they are known.</param>
/// <param name="StepsCommitted">Updates of the job that were committed by then.</param>
/// <param name="Ago">Since then.</param>
public sealed record EpochOutcome(JobId Job, RingEpoch Epoch, EpochEnd Cause, string Reason, long StepsCommitted, TimeSpan Ago);

/// <summary>The ring.</summary>
/// <param name="Key">Of the request.</param>
/// <param name="Epoch">The current one; <see cref="RingEpoch.None"/> between two, and then there are no ranks.</param>
/// <param name="Job">Whose it is.</param>
/// <param name="Mode">How attention is shared, as jobs spell it.</param>
/// <param name="Phase">Where the epoch is.</param>
/// <param name="PhaseFor">Since when.</param>
/// <param name="StepsCommitted">Updates of the job that are committed.</param>
/// <param name="From">Ranks left out at the front.</param>
/// <param name="Total">Ranks of all pages.</param>
/// <param name="Ranks">At most 256.</param>
/// <param name="Late">The late transfer that the chain of waits begins with, and its culprit; null while none is late.</param>
/// <param name="LateHops">The last 16 in this coordinator's life, oldest first.</param>
/// <param name="Outcomes">Of the last 16 epochs that ended in this coordinator's life, oldest first.</param>
public sealed record RingAnswer(string Key, RingEpoch Epoch, JobId Job, string Mode, EpochPhase Phase, TimeSpan PhaseFor, long StepsCommitted, int From, int Total,
    ImmutableArray<RankStatus> Ranks, LateHop? Late, ImmutableArray<LateHop> LateHops, ImmutableArray<EpochOutcome> Outcomes) : Message;
