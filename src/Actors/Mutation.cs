namespace ActorRing.Actors;

/// <summary>
/// Protocol rules that the simulator breaks on purpose, one at a time, to show that it notices. Always <see cref="None"/> outside of it.
/// </summary>
public enum Mutation
{
    /// <summary>All rules hold.</summary>
    None,

    /// <summary>An update is committed by the number of reports, not by the set of ranks.</summary>
    CommitByCount,

    /// <summary>Reports of an old epoch count.</summary>
    CommitOfAnyEpoch,

    /// <summary>Whoever speaks as a rank is believed.</summary>
    CommitFromAnybody,

    /// <summary>Digests are not compared.</summary>
    CommitWithoutComparing,

    /// <summary>Ranks hear of a commit before it is on the disk.</summary>
    AnnounceBeforeLog,

    /// <summary>Ranks hear of an epoch before it is on the disk.</summary>
    ProposeBeforeLog,

    /// <summary>A proposal is sent once.</summary>
    ProposeOnce,

    /// <summary>A rank goes back to an epoch behind its promise.</summary>
    BreakPromise,

    /// <summary>A rank obeys a coordinator of an earlier term.</summary>
    ObeyAnyTerm,

    /// <summary>A coordinator that hears of a later term goes on.</summary>
    IgnoreLaterTerm,

    /// <summary>A lost rank's place is given away before the rank is fenced.</summary>
    ReplaceWithoutFence,

    /// <summary>A silent member is never given up.</summary>
    NoLease,

    /// <summary>A rank whose work stands still is never noticed.</summary>
    NoProgressWatch,

    /// <summary>A TrainingCheckpoint is committed with a shard missing.</summary>
    CheckpointWithoutAllShards,

    /// <summary>A new epoch starts from a TrainingCheckpoint that has shards but no manifest.</summary>
    RestoreUncommitted,

    /// <summary>A rank takes results of an old epoch for those of its own.</summary>
    ApplyOldResults,

    /// <summary>A rank runs ahead of commits without bound.</summary>
    RunAheadUnbounded,

    /// <summary>A rank reports a finished update once.</summary>
    ReportOnce,

    /// <summary>A restarted coordinator ends the epoch that it finds.</summary>
    NeverAdopt,

    /// <summary>A restarted coordinator believes that the epoch runs without asking all of its ranks.</summary>
    AdoptUnasked,

    /// <summary>A member that was given up is not told so.</summary>
    KeepZombies,

    /// <summary>An idempotency key is forgotten.</summary>
    ForgetKeys,

    /// <summary>A final job state can be left again.</summary>
    ReviveJobs,

    /// <summary>A job that makes no progress goes on for ever.</summary>
    LoopForever,

    /// <summary>A rotation is granted before the neighbour's block is there.</summary>
    GrantEarly,

    /// <summary>A plan's hash is not compared.</summary>
    AcceptAnyPlan,

    /// <summary>Loss and gradient norm are not looked at.</summary>
    CommitNonFinite,

    /// <summary>Whoever may only look is obeyed.</summary>
    ObeyObservers,

    /// <summary>A TrainingCheckpoint that ranks cannot load is tried again and again.</summary>
    IgnoreDamage,

    /// <summary>A TrainingCheckpoint is given up on the word of a rank, and the next older one taken unseen.</summary>
    BelieveDamage,

    /// <summary>An older summary of transfers replaces a newer one.</summary>
    BelieveOldSummaries,

    /// <summary>An update is reported before its state is in a second memory.</summary>
    ReportBeforeReplica,

    /// <summary>A rank is ready before what it restored is in a second memory.</summary>
    ReadyBeforeReplica,

    /// <summary>What is in memory of the last committed update is given up as soon as a later one is done.</summary>
    EvictUncommitted,

    /// <summary>A new epoch starts from the newest state in memory, committed or not.</summary>
    RestoreAnyReplica,

    /// <summary>A new epoch starts from memory although a part is nowhere.</summary>
    RestoreWithoutAllParts,

    /// <summary>What a rank said to be in its memory counts although it still works.</summary>
    BelieveOldReplicas,

    /// <summary>A state in memory that ranks could not load is tried again and again.</summary>
    RetryDamagedReplica,

    /// <summary>Shards of a TrainingCheckpoint that may still come about are given up with those of one that failed.</summary>
    DiscardOpenShards,

    /// <summary>What is in memory is never looked at.</summary>
    IgnoreReplicas,

    /// <summary>A coordinator goes on although members know of a later epoch than its log.</summary>
    TrustAnyLog,

    /// <summary>A coordinator that hears of nobody gives everybody up.</summary>
    GiveAllUp,

    /// <summary>Ranks do not hear of data that are left out.</summary>
    ForgetWindows,

    /// <summary>A job may leave out data without end.</summary>
    SkipForEver,

    /// <summary>A job goes on from where it was although data behind its newest TrainingCheckpoint are left out.</summary>
    SkipFromCommitted,

    /// <summary>A member with which a ring did not go on is taken in again and again.</summary>
    InsistOnNewcomers,

    /// <summary>A ring that has made do stays as it is although members for it are there.</summary>
    NeverGrow,
}
