using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Events;

/// <summary>What a host tells a machine.</summary>
public abstract record MachineEvent;

/// <summary>First event of every machine.</summary>
public sealed record Started : MachineEvent;

/// <summary>The time asked for by <see cref="Effects.WakeAt"/> has come.</summary>
public sealed record WakeUp : MachineEvent;

/// <summary>A message came in.</summary>
/// <param name="From">By the engine's word.</param>
/// <param name="Message">What it says.</param>
public sealed record Received(Sender From, Message Message) : MachineEvent;

/// <summary>Records up to this one are on the disk.</summary>
public sealed record LogAppended(long Sequence) : MachineEvent;

/// <summary>The log takes no more: a failed sync, or another coordinator holds it.</summary>
public sealed record LogFailed(string Reason) : MachineEvent;

/// <summary>A TrainingCheckpoint is in place.</summary>
public sealed record ManifestCommitted(JobId Job, long StepsDone, string ManifestHash) : MachineEvent;

/// <summary>A manifest could not be written; training goes on without it.</summary>
public sealed record ManifestFailed(JobId Job, long StepsDone, string Reason) : MachineEvent;

/// <summary>Answers <see cref="Effects.CheckCheckpoints"/>.</summary>
/// <param name="Job">Whose.</param>
/// <param name="Suspect">Updates in the first of those that were asked for.</param>
/// <param name="Newest">
/// Updates in the newest of them that is whole: the suspect itself if nothing is wrong with it or it could not be told; 0 if none is. Those before it are out of the way.
/// </param>
/// <param name="Text">What was found, in one line.</param>
public sealed record CheckpointsChecked(JobId Job, long Suspect, long Newest, string Text) : MachineEvent;

/// <summary>A process is certainly gone: it exited and was reaped, or fencing is complete.</summary>
/// <param name="Member">Exactly this incarnation.</param>
/// <param name="How">One line: exit code or signal.</param>
public sealed record MemberGone(MemberId Member, string How) : MachineEvent;

/// <summary>
/// A process exists: it was started just now, or <see cref="Effects.StartMember"/> asked for one and there is one already. It has a while to join.
/// </summary>
/// <param name="Member">Exactly this incarnation.</param>
public sealed record MemberStarted(MemberId Member) : MachineEvent;

/// <summary>A process's connection ended. It may come back.</summary>
public sealed record MemberDisconnected(MemberId Member) : MachineEvent;

/// <summary>The process was asked to leave in good order (SIGTERM).</summary>
public sealed record DrainRequested : MachineEvent;

/// <summary>Peers can connect.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="Endpoint">Of this rank's communicators.</param>
/// <param name="HopDeadline">Past it the communicators give a transfer up; null where they do not say.</param>
public sealed record CommunicatorsPrepared(RingEpoch Epoch, string Endpoint, TimeSpan? HopDeadline = null) : MachineEvent;

/// <summary>All communicators of the epoch are up.</summary>
public sealed record CommunicatorsConnected(RingEpoch Epoch) : MachineEvent;

/// <summary>State is loaded.</summary>
public sealed record Restored(RingEpoch Epoch, long StepsDone, StateDigest Digest) : MachineEvent;

/// <summary>The TrainingCheckpoint cannot be loaded: it is damaged or gone, not merely out of reach. Nothing of it counts.</summary>
public sealed record RestoreFailed(RingEpoch Epoch, string Text) : MachineEvent;

/// <summary>The block that the next rank fetches in a unit is in place.</summary>
public sealed record BlockHeld(RingEpoch Epoch, TrainStep Step, int Unit) : MachineEvent;

/// <summary>The compute thread is done with the block that was resident during a unit, and with all before it.</summary>
public sealed record BlockAttended(RingEpoch Epoch, TrainStep Step, int Unit) : MachineEvent;

/// <summary>An update is done.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="StepsDone">Updates applied, this one included.</param>
/// <param name="Digest">State now.</param>
/// <param name="Report">What it was like.</param>
public sealed record TrainStepDone(RingEpoch Epoch, long StepsDone, StateDigest Digest, StepReport Report) : MachineEvent;

/// <summary>Parts of a state are whole in this process's memory. When every rank has said so, each part is in two; a job of one rank has no second memory.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="StepsDone">Updates in the state.</param>
/// <param name="Digest">The state.</param>
/// <param name="Parts">Those that are here; none where the job wants no replicas.</param>
public sealed record Replicated(RingEpoch Epoch, long StepsDone, StateDigest Digest, ImmutableArray<int> Parts) : MachineEvent;

/// <summary>A shard is on disk.</summary>
public sealed record ShardStored(RingEpoch Epoch, long StepsDone, long Bytes, string Sha256, StateDigest Digest) : MachineEvent;

/// <summary>Work of an epoch failed: connecting, restoring, an update, a shard.</summary>
public sealed record WorkFailed(RingEpoch Epoch, string Text, FailureKind Kind = FailureKind.Work) : MachineEvent;

/// <summary>A part of a state in this process's memory is not what it was; it was let go of. Belongs to no epoch: parts outlive them.</summary>
/// <param name="Part">Which.</param>
/// <param name="Text">What is wrong with it, in one line.</param>
public sealed record ReplicaDamaged(Replica Part, string Text) : MachineEvent;

/// <summary>The work of an epoch has something to say to people, and goes on.</summary>
public sealed record WorkNoted(RingEpoch Epoch, string Text) : MachineEvent;

/// <summary>A shard could not be written. The TrainingCheckpoint before it stays; training goes on.</summary>
public sealed record ShardFailed(RingEpoch Epoch, long StepsDone, string Text) : MachineEvent;

/// <summary>The compute thread has finished something: a layer, a transfer, a part of a file.</summary>
public sealed record WorkProgressed(RingEpoch Epoch) : MachineEvent;

/// <summary>The compute thread waits inside a transfer for a peer; <see cref="WorkProgressed"/> or the end of the work takes it back.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="Hop">Which transfer; its unit only says which of two transfers of an update comes first.</param>
public sealed record WaitingForPeer(RingEpoch Epoch, HopWait Hop) : MachineEvent;

/// <summary>A transfer that is over.</summary>
/// <param name="Channel">What travelled, as the compute side numbers it; not negative.</param>
/// <param name="Peer">The other side.</param>
/// <param name="Bytes">Of the transfer.</param>
/// <param name="Elapsed">From the first byte asked for to the last one there.</param>
/// <param name="Waited">The part of it in which the compute thread had nothing else to do.</param>
public readonly record struct HopDone(int Channel, GlobalRank Peer, long Bytes, TimeSpan Elapsed, TimeSpan Waited);

/// <summary>Transfers that are over, once for each update, before its <see cref="TrainStepDone"/>. Says nothing about progress: it only feeds statistics.</summary>
/// <param name="Epoch">In which one.</param>
/// <param name="Step">The update that they were for.</param>
/// <param name="Hops">At most <see cref="MostHops"/> are looked at; a host that has more posts several of these.</param>
public sealed record HopsDone(RingEpoch Epoch, TrainStep Step, ImmutableArray<HopDone> Hops) : MachineEvent
{
    /// <summary>Bounds the time that one event takes.</summary>
    public const int MostHops = 4_096;
}
