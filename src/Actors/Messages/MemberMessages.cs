using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Messages;

/// <summary>A row of the hop ledger: one transfer that a rank waits for.</summary>
/// <param name="Step">The update in hand.</param>
/// <param name="Unit">Which rotation of the update, see <see cref="Rank.RotationUnits"/>.</param>
/// <param name="Layer">Transformer layer; -1 outside of layers.</param>
/// <param name="RingStep">Rotation within the layer's pass.</param>
/// <param name="IsBackward">Whether it belongs to the backward pass.</param>
/// <param name="Peer">From whom the block comes.</param>
/// <param name="Waited">How long it has been waited for.</param>
public sealed record HopWait(TrainStep Step, int Unit, int Layer, RingStep RingStep, bool IsBackward, GlobalRank Peer, TimeSpan Waited);

/// <summary>One rank's part of a job's state after an update, whole in a member's memory.</summary>
/// <param name="Job">Whose.</param>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Digest">State that it is a part of.</param>
/// <param name="Parts">Ranks that have the state together.</param>
/// <param name="Part">Whose part it is: the rank's own, or that of the one before it.</param>
public readonly record struct Replica(JobId Job, long StepsDone, StateDigest Digest, int Parts, int Part);

/// <summary>A member's heartbeat: who it is by the engine's word, where it is by its own.</summary>
/// <param name="Sequence">Grows; an older one is ignored.</param>
/// <param name="Term">Highest term that it has heard of.</param>
/// <param name="Fingerprint">Versions of everything that its numbers depend on; equal on all ranks of a plan.</param>
/// <param name="Promised">The epoch that it will not go back behind.</param>
/// <param name="Phase">Where it is in that epoch.</param>
/// <param name="Acknowledged">Updates of the epoch that it knows to be committed.</param>
/// <param name="StepsDone">Updates applied in its own state.</param>
/// <param name="Progress">Grows with everything that its compute thread finishes.</param>
/// <param name="IsLeaving">Whether it was told to drain.</param>
/// <param name="Waiting">The transfer that it waits for now, if any.</param>
/// <param name="Replicas">What it has in its memory; at most <see cref="MostReplicas"/>.</param>
/// <param name="IsReserve">Whether it holds a rank only while there are too few others.</param>
public sealed record MemberHello(long Sequence, long Term, string Fingerprint, RingEpoch Promised, RankPhase Phase, long Acknowledged, long StepsDone,
    long Progress, bool IsLeaving, HopWait? Waiting, ImmutableArray<Replica> Replicas, bool IsReserve = false) : Message
{
    /// <summary>Of its own part and of that of the rank before it, one for each update that may be open, and those that the last epoch left.</summary>
    public const int MostReplicas = 64;
}

/// <summary>A rank's answer to a proposed plan; its promise, too.</summary>
/// <param name="Epoch">Proposed.</param>
/// <param name="PlanHash">Of the plan that the rank made by itself; empty if it could make none.</param>
/// <param name="Fingerprint">Versions of everything that its numbers depend on.</param>
/// <param name="Endpoint">Where its communicators can be reached.</param>
/// <param name="Difference">The first field in which its plan differs, if any.</param>
/// <param name="Refusal">Why it could make no plan; empty if it could.</param>
public sealed record PlanAnswer(RingEpoch Epoch, string PlanHash, string Fingerprint, string Endpoint, PlanDifference? Difference, string Refusal) : Message;

/// <summary>A rank has connected and restored.</summary>
/// <param name="Epoch">Which one.</param>
/// <param name="StepsDone">Updates in what it restored.</param>
/// <param name="Digest">Its state.</param>
public sealed record RankReady(RingEpoch Epoch, long StepsDone, StateDigest Digest) : Message;

/// <summary>What an update was like for one rank.</summary>
/// <param name="Loss">Mean over the labelled tokens of the whole batch.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="Tokens">Of this rank; 0 for an update that was left out.</param>
/// <param name="Elapsed">From begin to end.</param>
/// <param name="SentBytes">By this rank.</param>
/// <param name="Waits">Part of the time spent waiting for others.</param>
public sealed record StepReport(double Loss, double GradientNorm, long Tokens, TimeSpan Elapsed, long SentBytes, TimeSpan Waits)
{
    /// <summary>Whether the update was left out, by the rules of the job: nothing was learnt from any token, and loss and norm are not finite.</summary>
    public bool IsSkipped => Tokens == 0;

    /// <summary>Whether the update may be kept.</summary>
    public bool IsFinite => IsSkipped || (double.IsFinite(Loss) && double.IsFinite(GradientNorm));
}

/// <summary>A rank has applied an update.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="StepsDone">Updates applied, this one included.</param>
/// <param name="Digest">Its state now.</param>
/// <param name="Report">What it was like.</param>
public sealed record TrainStepCompleted(RingEpoch Epoch, long StepsDone, StateDigest Digest, StepReport Report) : Message;

/// <summary>A rank's shard of a TrainingCheckpoint is on disk, synced.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Bytes">Length of the file.</param>
/// <param name="Sha256">Of the file, hexadecimal.</param>
/// <param name="Digest">State that it is a part of.</param>
public sealed record ShardWritten(RingEpoch Epoch, long StepsDone, long Bytes, string Sha256, StateDigest Digest) : Message;

/// <summary>A rank could not write its shard of a TrainingCheckpoint; it trains on. Said again until a newer shard is written or a TrainingCheckpoint of as many updates is known.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Text">One line for people.</param>
public sealed record ShardUnwritten(RingEpoch Epoch, long StepsDone, string Text) : Message;

/// <summary>A rank's work failed; it waits for the end of the epoch.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="Step">The update in hand.</param>
/// <param name="Kind">What follows from it.</param>
/// <param name="Text">One line for people.</param>
public sealed record RankFailed(RingEpoch Epoch, TrainStep Step, FailureKind Kind, string Text) : Message;

/// <summary>A rank cannot load the TrainingCheckpoint of its epoch: damaged or gone, as far as it can see. It waits for the end of the epoch.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Text">One line for people.</param>
public sealed record CheckpointUnreadable(RingEpoch Epoch, long StepsDone, string Text) : Message;

/// <summary>A transfer is past its deadline.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="Hop">Which.</param>
public sealed record HopOverdue(RingEpoch Epoch, HopWait Hop) : Message;

/// <summary>The receiver is no coordinator any more.</summary>
/// <param name="Term">One that is greater than its own.</param>
public sealed record StaleTerm(long Term) : Message;

/// <summary>From rank to rank: the block of a rotation is in place here and can be fetched, and so can those of all earlier ones.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="Step">The update in hand.</param>
/// <param name="Unit">The rotation.</param>
public sealed record KvBlockReady(RingEpoch Epoch, TrainStep Step, int Unit) : Message;
