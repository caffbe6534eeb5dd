using ActorRing.Actors.Hops;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Rank;

/// <summary>One rank's life in one epoch.</summary>
internal sealed class RankEpoch(ProposePlan proposal, GlobalRank rank, PreparedPlan? plan)
{
    internal ProposePlan Proposal { get; } = proposal;

    internal RingEpoch Id => Proposal.Epoch;

    internal GlobalRank Rank { get; } = rank;

    /// <summary>As this rank made it; null if it could not.</summary>
    internal PreparedPlan? Plan { get; } = plan;

    internal RankPhase Phase { get; set; } = RankPhase.Preparing;

    internal PlanAnswer? Answer { get; set; }

    internal RankReady? Ready { get; set; }

    internal Message? Failure { get; set; }

    /// <summary>Updates applied in this rank's state.</summary>
    internal long StepsDone { get; set; }

    /// <summary>Updates that the coordinator has committed in this epoch.</summary>
    internal long Acknowledged { get; set; } = proposal.RestoreFrom;

    internal long CheckpointAt { get; set; }

    internal long StopAfter { get; set; }

    /// <summary>Newest update whose shard was asked for. What came from memory may be due for one.</summary>
    internal long SnapshotAt { get; set; } = proposal.Holders.IsEmpty ? proposal.RestoreFrom : proposal.RestoreFrom - 1;

    /// <summary>The newest shard, if it could not be written: said until a newer one is, or until nobody needs it.</summary>
    internal ShardUnwritten? Unwritten { get; set; }

    /// <summary>Whether that shard was asked for once more and nothing has come of it yet.</summary>
    internal bool IsWritingAgain { get; set; }

    /// <summary>Not before this time: a full disk does not empty within a heartbeat.</summary>
    internal Instant WriteAgainAt { get; set; }

    /// <summary>Whether no update follows: only then is the state still that of a shard which failed some time ago.</summary>
    internal bool IsAtEnd => StepsDone == Proposal.Spec.TrainSteps || (StopAfter > 0 && StepsDone == StopAfter);

    /// <summary>Whether all ranks have been told to train.</summary>
    internal bool IsReleased { get; set; }

    internal bool IsStepInHand { get; set; }

    /// <summary>What was restored comes to, until it has been replicated again; null before and after.</summary>
    internal StateDigest? Restored { get; set; }

    /// <summary>Updates done whose state is not in a second memory yet, oldest first: nobody has heard of them.</summary>
    internal Queue<TrainStepCompleted> Unreplicated { get; } = new();

    /// <summary>Whether the compute side has something in hand in which it may wait for others.</summary>
    internal bool IsBusy => IsStepInHand || Unreplicated.Count > 0 || Phase == RankPhase.Restoring;

    internal RankReports Reports { get; } = new();

    internal RotationGate Gate { get; } = new();

    internal RotationUnits Units { get; } = plan is null ? default : new(proposal.Spec.Granularity, plan.Plan.Layers, plan.Plan.Mesh.Context);

    internal GlobalRank Previous { get; } = plan?.PreviousInRing(rank) ?? rank;

    internal GlobalRank Next { get; } = plan?.NextInRing(rank) ?? rank;

    /// <summary>What the epoch's communicators let a transfer take.</summary>
    internal TimeSpan HopDeadline { get; set; }

    /// <summary>Since when the present transfer has been waited for; null if none is.</summary>
    internal Instant? WaitsSince { get; set; }

    /// <summary>The transfer that the compute thread waits for, as its host says.</summary>
    internal HopWait? Transfer { get; set; }

    internal HopTallies Tallies { get; } = new();

    /// <summary>Before this time no further summary of transfers is sent.</summary>
    internal Instant NextSummary { get; set; }
}
