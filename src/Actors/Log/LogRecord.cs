using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Log;

/// <summary>One line of the coordinator's memory. What the log says is true; what it does not say has not happened.</summary>
public abstract record LogRecord;

/// <summary>A job was accepted.</summary>
/// <param name="Job">Its number.</param>
/// <param name="Key">Idempotency key of whoever submitted it.</param>
/// <param name="SpecHash">SHA-256 of the spec, hexadecimal.</param>
/// <param name="Spec">What to do.</param>
public sealed record JobSubmitted(JobId Job, string Key, string SpecHash, JobSpec Spec) : LogRecord;

/// <summary>A job changed its state. Nothing follows a terminal one.</summary>
/// <param name="Job">Which job.</param>
/// <param name="State">From now on.</param>
/// <param name="Verdict">Why, in one line.</param>
/// <param name="RequestKey">Of the request that asked for it; empty if none did.</param>
public sealed record JobStateChanged(JobId Job, JobState State, string Verdict, string RequestKey = "") : LogRecord;

/// <summary>An epoch was issued. Appended before anybody hears of it.</summary>
/// <param name="Job">For which job.</param>
/// <param name="Epoch">Greater than every earlier one.</param>
/// <param name="Members">Who holds which rank: place is global rank.</param>
/// <param name="PlanHash">Of the plan.</param>
/// <param name="RestoreFrom">Updates in the TrainingCheckpoint that it starts from; 0 for the beginning.</param>
/// <param name="Cause">Why there is a new epoch; <see cref="EpochEnd.None"/> for a job's first.</param>
public sealed record EpochIssued(JobId Job, RingEpoch Epoch, ImmutableArray<MemberId> Members, string PlanHash, long RestoreFrom, EpochEnd Cause) : LogRecord;

/// <summary>Every rank of one epoch has reported the same state after an update. One record for each update of a job, without gaps.</summary>
/// <param name="Job">Which job.</param>
/// <param name="Epoch">Whose ranks reported.</param>
/// <param name="StepsDone">Updates applied, from 1.</param>
/// <param name="Digest">State after them.</param>
/// <param name="Report">What the update was like, for whoever writes it down; null in logs of earlier programs.</param>
public sealed record StepCommitted(JobId Job, RingEpoch Epoch, long StepsDone, StateDigest Digest, StepReport? Report = null) : LogRecord;

/// <summary>A TrainingCheckpoint is complete: all shards are on disk and the manifest was renamed into place.</summary>
/// <param name="Job">Which job.</param>
/// <param name="Epoch">Whose ranks wrote it.</param>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Ranks">How many shards it has.</param>
/// <param name="ManifestHash">SHA-256 of the manifest, hexadecimal.</param>
public sealed record CheckpointCommitted(JobId Job, RingEpoch Epoch, long StepsDone, int Ranks, string ManifestHash) : LogRecord;

/// <summary>
/// The newest TrainingCheckpoint is damaged, and so is every other one down to <paramref name="RestoreFrom"/>: the coordinator's host has looked. Updates stay committed:
/// those that are in no TrainingCheckpoint any more are done again, and compared as far as their states are remembered.
/// </summary>
/// <param name="Job">Whose.</param>
/// <param name="StepsDone">Updates in the damaged one.</param>
/// <param name="RestoreFrom">Updates in the one that counts from now on; 0 if none is left, and training starts at the first update again.</param>
/// <param name="Reason">What is wrong, in one line.</param>
public sealed record CheckpointLost(JobId Job, long StepsDone, long RestoreFrom, string Reason) : LogRecord;

/// <summary>
/// An update could not be made of its data: the job goes back to its newest TrainingCheckpoint and leaves out the data from there to that update. What was committed
/// behind the TrainingCheckpoint is taken back: it will be made of other data.
/// </summary>
/// <param name="Job">Whose.</param>
/// <param name="Epoch">Whose ranks met it.</param>
/// <param name="Window">What is left out.</param>
/// <param name="Reason">What was met, in one line.</param>
public sealed record WindowSkipped(JobId Job, RingEpoch Epoch, SkippedWindow Window, string Reason) : LogRecord;

/// <summary>A member was declared finished and is certainly dead or cut off; that incarnation never counts again.</summary>
/// <param name="Member">Who.</param>
public sealed record MemberFenced(MemberId Member) : LogRecord;

/// <summary>
/// What <see cref="Coordinator.JobBook.Compact"/> left out about a job, as far as it still counts. Says what the counts are, not by how much they grew; stands
/// behind all other records of a compacted log.
/// </summary>
/// <param name="Job">Which job.</param>
/// <param name="Epochs">Issued for it.</param>
/// <param name="StepsCommitted">Updates committed.</param>
/// <param name="Losses">Those of them that replaced an epoch which failed.</param>
/// <param name="FruitlessEpochs">Epochs in a row, the newest not among them, that committed nothing and failed by themselves.</param>
/// <param name="IsFruitful">Whether the newest epoch has committed something.</param>
public sealed record JobFolded(JobId Job, long Epochs, long StepsCommitted, long Losses, int FruitlessEpochs, bool IsFruitful) : LogRecord;
