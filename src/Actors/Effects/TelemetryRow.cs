using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Effects;

/// <summary>What a machine has to say about itself.</summary>
public abstract record TelemetryRow;

/// <summary>An update is committed.</summary>
/// <param name="Job">Which job.</param>
/// <param name="Epoch">In which one.</param>
/// <param name="StepsDone">Updates committed.</param>
/// <param name="IsRepeated">Whether it was committed before and was done again after a failure.</param>
/// <param name="Report">As rank 0 saw it.</param>
public sealed record StepRow(JobId Job, RingEpoch Epoch, long StepsDone, bool IsRepeated, StepReport Report) : TelemetryRow
{
    /// <summary>As each rank saw it, by rank.</summary>
    public ImmutableArray<StepReport> Ranks { get; init; } = [];
}

/// <summary>An update was committed in the life of an earlier coordinator: said once more, since it may have ended before anybody wrote that down.</summary>
/// <param name="Job">Which job.</param>
/// <param name="Epoch">In which one.</param>
/// <param name="StepsDone">Updates committed.</param>
/// <param name="Report">As rank 0 saw it.</param>
public sealed record StepRecalled(JobId Job, RingEpoch Epoch, long StepsDone, StepReport Report) : TelemetryRow;

/// <summary>An epoch began or ended.</summary>
/// <param name="Job">Which job.</param>
/// <param name="Epoch">Which one.</param>
/// <param name="Phase">Where it is; <see cref="EpochPhase.None"/> at its end.</param>
/// <param name="Cause">Why it ended.</param>
/// <param name="Reason">One line for people: names rank, layer, ring step and peer where they are known.</param>
public sealed record EpochRow(JobId Job, RingEpoch Epoch, EpochPhase Phase, EpochEnd Cause, string Reason) : TelemetryRow;

/// <summary>A transfer was late, and who is to blame.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="Waiter">Whose transfer it was.</param>
/// <param name="Hop">Which transfer.</param>
/// <param name="Culprit">The rank at the end of the chain of waits.</param>
public sealed record HopRow(RingEpoch Epoch, GlobalRank Waiter, HopWait Hop, GlobalRank Culprit) : TelemetryRow;

/// <summary>A rank works so slowly that the others wait for it, or does so no more.</summary>
/// <param name="Job">Which job.</param>
/// <param name="Epoch">In which one.</param>
/// <param name="StepsDone">The update that showed it.</param>
/// <param name="Rank">Which rank.</param>
/// <param name="Member">Who holds it.</param>
/// <param name="IsSlow">From now on; false for no more, or because the epoch has ended.</param>
/// <param name="Times">How many times as long as usual its work takes.</param>
/// <param name="Reason">One line for people.</param>
public sealed record StragglerRow(JobId Job, RingEpoch Epoch, long StepsDone, GlobalRank Rank, MemberId Member, bool IsSlow, double Times, string Reason) : TelemetryRow;

/// <summary>TrainingCheckpoints of a job began to fail, or one is committed again. Said once for each beginning and once for each end, not for every failure between them.</summary>
/// <param name="Job">Which job.</param>
/// <param name="Epoch">In which one.</param>
/// <param name="StepsDone">Updates in the one that failed or is committed.</param>
/// <param name="IsDegraded">Whether it begins.</param>
/// <param name="Text">One line for people: the cause, or how long it lasted.</param>
public sealed record DurabilityRow(JobId Job, RingEpoch Epoch, long StepsDone, bool IsDegraded, string Text) : TelemetryRow;

/// <summary>A job changed its state.</summary>
/// <param name="Job">Which job.</param>
/// <param name="State">From now on.</param>
/// <param name="Verdict">Why.</param>
public sealed record JobRow(JobId Job, JobState State, string Verdict) : TelemetryRow;
