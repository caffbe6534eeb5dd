using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Coordinator;

/// <summary>The current epoch, as far as it dies with its coordinator: a restarted one learns it from the ranks again.</summary>
internal sealed class EpochRun
{
    private ImmutableArray<(GlobalRank Next, GlobalRank Previous)> _neighbours;

    internal EpochRun(JobRecord job, EpochIssued issued, PreparedPlan plan, EpochPhase phase, CoordinatorOptions options, Instant now)
    {
        var ranks = issued.Members.Length;
        (Job, Issued, Plan, Phase, PhaseSince) = (job, issued, plan, phase, now);
        Answered = new(ranks);
        Ready = new(ranks);
        Endpoints = new string[ranks];
        Fingerprints = new string[ranks];
        Members = new MemberRecord?[ranks];
        Steps = new(ranks, options.RunAhead, issued.RestoreFrom, options.Mutation);
        Shards = new(ranks, options.Mutation);
        Hops = new(ranks);
        Stragglers = new(ranks, plan);
        Summaries = new HopSummary?[ranks];
    }

    internal JobRecord Job { get; }

    internal EpochIssued Issued { get; }

    /// <summary>The rank in whose memory each part of the state is that it starts from; empty for a TrainingCheckpoint, and in an epoch taken over.</summary>
    internal ImmutableArray<GlobalRank> Holders { get; init; } = [];

    /// <summary>Members that a ring which had made do got with this epoch.</summary>
    internal ImmutableArray<MemberRecord> Newcomers { get; init; } = [];

    internal RingEpoch Id => Issued.Epoch;

    internal int Ranks => Members.Length;

    internal PreparedPlan Plan { get; }

    internal EpochPhase Phase { get; private set; }

    internal Instant PhaseSince { get; private set; }

    internal MemberRecord?[] Members { get; }

    internal RankSet Answered { get; }

    internal string[] Endpoints { get; }

    internal string[] Fingerprints { get; }

    internal RankSet Ready { get; }

    internal RankReady? FirstReady { get; set; }

    internal ProposePlan? Proposal { get; set; }

    internal StartEpoch? Start { get; set; }

    internal StepLedger Steps { get; set; }

    internal CheckpointLedger Shards { get; }

    internal HopLedger Hops { get; }

    internal StragglerLedger Stragglers { get; }

    /// <summary>The newest summary of each rank's transfers, as far as one has come.</summary>
    internal HopSummary?[] Summaries { get; }

    /// <summary>Who fetches from each rank and from whom it fetches; made when somebody asks for the first time.</summary>
    internal ImmutableArray<(GlobalRank Next, GlobalRank Previous)> Neighbours =>
        _neighbours.IsDefault ? _neighbours = Plan.Neighbours() : _neighbours;

    /// <summary>Whether the manifest of this many updates was asked for and not answered.</summary>
    internal long ManifestAsked { get; set; }

    internal Instant ManifestAskedAt { get; set; }

    /// <summary>Updates in the TrainingCheckpoint behind whose failure another one was asked for; 0 for none.</summary>
    internal long RetriedFor { get; set; }

    /// <summary>Updates after which a TrainingCheckpoint was asked for besides the calendar's; 0 for none.</summary>
    internal long CheckpointAt { get; set; }

    /// <summary>Updates after which the ranks park; 0 for never.</summary>
    internal long StopAfter { get; set; }

    /// <summary>Longest update so far: what is slow by nature is not a standstill.</summary>
    internal TimeSpan LongestStep { get; set; }

    /// <summary>The last update before the ranks park.</summary>
    internal long Last => StopAfter > 0 ? Math.Min(StopAfter, Job.Spec.TrainSteps) : Job.Spec.TrainSteps;

    internal void Enter(EpochPhase phase, Instant now) => (Phase, PhaseSince) = (phase, now);
}
