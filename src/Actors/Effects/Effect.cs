using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Effects;

/// <summary>What a machine asks of its host, carried out in order. Nothing comes back from an effect itself: results are events.</summary>
public abstract record Effect;

/// <summary>Send a message to one incarnation of a process. It may get lost.</summary>
public sealed record Send(MemberId Receiver, Message Message) : Effect;

/// <summary>Send a message to whoever the host takes for the seed now. It may get lost.</summary>
public sealed record SendToSeed(Message Message) : Effect;

/// <summary>Step the machine again with <see cref="Events.WakeUp"/> at this time; replaces an earlier wish.</summary>
public sealed record WakeAt(Instant At) : Effect;

/// <summary>Append a record and sync it, in order of sequence numbers. Answered by <see cref="Events.LogAppended"/> or <see cref="Events.LogFailed"/>.</summary>
public sealed record AppendLog(long Sequence, LogRecord Record) : Effect;

/// <summary>
/// Make sure that the store is still held under this term, and answer <see cref="Events.LogFailed"/> if another coordinator holds it. Asked at every tick: a
/// coordinator that was stopped for a while and has nothing to write must still find out.
/// </summary>
public sealed record ConfirmTerm(long Term) : Effect;

/// <summary>
/// Make sure that a process can do nothing any more: SIGKILL and wait, or cut it off and wait until its own lease must have ended it. Asked again until
/// <see cref="Events.MemberGone"/> says so.
/// </summary>
public sealed record FenceMember(MemberId Member, string Reason) : Effect;

/// <summary>Start a process under a name whose last incarnation is gone. May be asked repeatedly; hosts that cannot start processes ignore it.</summary>
public sealed record StartMember(string Name) : Effect;

/// <summary>
/// Write the manifest of a TrainingCheckpoint and rename it into place, synced, under the term's fence. Answered by <see cref="Events.ManifestCommitted"/> or
/// <see cref="Events.ManifestFailed"/>. Writing the same one twice changes nothing.
/// </summary>
/// <param name="Term">Of the coordinator that asks.</param>
/// <param name="Job">Which job.</param>
/// <param name="Epoch">Whose ranks wrote the shards.</param>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Digest">State that its shards hold together.</param>
/// <param name="Shards">By global rank.</param>
public sealed record CommitManifest(long Term, JobId Job, RingEpoch Epoch, long StepsDone, StateDigest Digest, ImmutableArray<ShardWritten> Shards) : Effect;

/// <summary>
/// Delete shards that will never get a manifest: those of the job's earlier epochs, and those of this epoch with at most so many updates. Answered by nothing; what is left is
/// deleted with the next order, or by the next commit.
/// </summary>
/// <param name="Term">Of the coordinator that asks.</param>
/// <param name="Job">Whose.</param>
/// <param name="Epoch">Whose ranks wrote them.</param>
/// <param name="StepsDone">Updates in the newest of them.</param>
public sealed record DiscardShards(long Term, JobId Job, RingEpoch Epoch, long StepsDone) : Effect;

/// <summary>
/// Read committed TrainingCheckpoints to the last byte, newest first, until one is whole; set each one aside that is not. Answered by
/// <see cref="Events.CheckpointsChecked"/>, once.
/// </summary>
/// <param name="Term">Of the coordinator that asks.</param>
/// <param name="Job">Whose.</param>
/// <param name="Candidates">At least one: the one that a rank could not load, then older ones. Some may have been deleted since.</param>
public sealed record CheckCheckpoints(long Term, JobId Job, ImmutableArray<CheckpointRef> Candidates) : Effect;

/// <summary>Something for ledgers, logs and graphs; may be dropped.</summary>
public sealed record Publish(TelemetryRow Row) : Effect;

/// <summary>End the process.</summary>
/// <param name="IsClean">Exit code 0, otherwise 1.</param>
/// <param name="Reason">One line for people.</param>
public sealed record ExitProcess(bool IsClean, string Reason) : Effect;

/// <summary>Free every waiter of an epoch's communicators and forget them. Harmless if there are none.</summary>
public sealed record AbortCommunicators(RingEpoch Epoch) : Effect;

/// <summary>Make an endpoint at which an epoch's peers will connect. Answered by <see cref="Events.CommunicatorsPrepared"/>.</summary>
/// <param name="Epoch">Which one.</param>
/// <param name="Rank">Which rank this is.</param>
/// <param name="Spec">Says how tensors travel.</param>
/// <param name="Plan">Agreed on; says which ranks share a sequence.</param>
public sealed record PrepareCommunicators(RingEpoch Epoch, GlobalRank Rank, JobSpec Spec, PreparedPlan Plan) : Effect;

/// <summary>Connect with all ranks of the epoch. Answered by <see cref="Events.CommunicatorsConnected"/>.</summary>
public sealed record ConnectCommunicators(RingEpoch Epoch, GlobalRank Rank, ImmutableArray<string> Endpoints, string Secret) : Effect;

/// <summary>
/// Load a TrainingCheckpoint, or what ranks have of a state in their memory, or initialise where <paramref name="StepsDone"/> is 0. Answered by <see cref="Events.Restored"/> or <see cref="Events.RestoreFailed"/>.
/// </summary>
/// <param name="Epoch">For which one.</param>
/// <param name="Job">Whose.</param>
/// <param name="Spec">What the model is.</param>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Rank">Which part.</param>
/// <param name="Ranks">Of how many.</param>
/// <param name="Holders">The rank in whose memory each part is; empty for a TrainingCheckpoint.</param>
/// <param name="Windows">The data that the job leaves out.</param>
public sealed record RestoreCheckpoint(RingEpoch Epoch, JobId Job, JobSpec Spec, long StepsDone, GlobalRank Rank, int Ranks, ImmutableArray<GlobalRank> Holders,
    ImmutableArray<SkippedWindow> Windows) : Effect;

/// <summary>
/// Put a copy of this rank's part of the present state aside, give the next rank one, and take that of the rank before. Whoever computes may go on once the first copy is
/// made. Answered by <see cref="Events.Replicated"/> when all of it is there, in the order of the orders.
/// </summary>
/// <param name="Epoch">In which one.</param>
/// <param name="Job">Whose.</param>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Digest">The state.</param>
public sealed record Replicate(RingEpoch Epoch, JobId Job, long StepsDone, StateDigest Digest) : Effect;

/// <summary>Free the memory of all parts but those of one job and a run of updates.</summary>
/// <param name="Job">Whose stay.</param>
/// <param name="From">Least number of updates in those that stay.</param>
/// <param name="To">Greatest.</param>
public sealed record KeepReplicas(JobId Job, long From, long To) : Effect;

/// <summary>Do one update on the compute thread. Answered by <see cref="Events.TrainStepDone"/>.</summary>
public sealed record BeginTrainStep(RingEpoch Epoch, TrainStep Step) : Effect;

/// <summary>The compute thread may do the transfers of a unit.</summary>
public sealed record GrantRotation(RingEpoch Epoch, TrainStep Step, int Unit) : Effect;

/// <summary>Write this rank's shard from a snapshot of its present state, synced. Answered by <see cref="Events.ShardStored"/> or <see cref="Events.ShardFailed"/>.</summary>
public sealed record WriteShard(RingEpoch Epoch, JobId Job, long StepsDone) : Effect;
