using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages;

/// <summary>The coordinator's heartbeat, the same for all members. It carries everything that a lost message could have said.</summary>
/// <param name="Term">Of the coordinator.</param>
/// <param name="Sequence">Grows within the term; an older one is ignored.</param>
/// <param name="Epoch">Current one.</param>
/// <param name="Phase">Where it is.</param>
/// <param name="StepsCommitted">Updates of the epoch that all ranks have reported and the log holds.</param>
/// <param name="CheckpointAt">Updates after which a TrainingCheckpoint was asked for besides those by the calendar; 0 for none.</param>
/// <param name="StopAfter">Updates after which ranks park; 0 for never.</param>
/// <param name="CheckpointCommitted">Updates in the newest complete TrainingCheckpoint.</param>
public sealed record CoordinatorHello(long Term, long Sequence, RingEpoch Epoch, EpochPhase Phase, long StepsCommitted, long CheckpointAt, long StopAfter,
    long CheckpointCommitted) : Message;

/// <summary>Asks for a promise: the rank leaves every earlier epoch, makes the plan by itself and answers with its hash.</summary>
/// <param name="Term">Of the coordinator.</param>
/// <param name="Epoch">Proposed.</param>
/// <param name="Job">For which job.</param>
/// <param name="Spec">What the plan is made from.</param>
/// <param name="Members">Who holds which rank: place is global rank.</param>
/// <param name="PlanBytes">Canonical bytes of the coordinator's plan.</param>
/// <param name="PlanHash">Of them.</param>
/// <param name="RestoreFrom">Updates in the state to load; 0 for the beginning.</param>
/// <param name="Holders">The rank in whose memory each part of that state is; empty for a TrainingCheckpoint.</param>
/// <param name="Windows">The data that the job leaves out.</param>
public sealed record ProposePlan(long Term, RingEpoch Epoch, JobId Job, JobSpec Spec, ImmutableArray<MemberId> Members, ImmutableArray<byte> PlanBytes,
    string PlanHash, long RestoreFrom, ImmutableArray<GlobalRank> Holders, ImmutableArray<SkippedWindow> Windows) : Message;

/// <summary>All plans are equal: connect and restore.</summary>
/// <param name="Term">Of the coordinator.</param>
/// <param name="Epoch">Which one.</param>
/// <param name="Endpoints">Of the communicators, by global rank.</param>
/// <param name="Secret">Known to the ranks of this epoch only.</param>
public sealed record StartEpoch(long Term, RingEpoch Epoch, ImmutableArray<string> Endpoints, string Secret) : Message;

/// <summary>The epoch is over: abort its communicators.</summary>
/// <param name="Term">Of the coordinator.</param>
/// <param name="Epoch">Which one.</param>
/// <param name="Cause">Why.</param>
/// <param name="Reason">One line for people.</param>
public sealed record EndEpoch(long Term, RingEpoch Epoch, EpochEnd Cause, string Reason) : Message;

/// <summary>This incarnation was given up, or was asked to leave and is free to: its process exits.</summary>
/// <param name="Term">Of the coordinator.</param>
/// <param name="Member">Exactly this incarnation.</param>
/// <param name="IsClean">Whether it leaves in good order.</param>
/// <param name="Reason">One line for people.</param>
public sealed record ReleaseMember(long Term, MemberId Member, bool IsClean, string Reason) : Message;
