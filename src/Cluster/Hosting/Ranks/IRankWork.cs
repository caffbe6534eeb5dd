using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Hosting.Ranks;

/// <summary>What a rank computes and moves. All of it runs on the rank's compute thread, except where it says otherwise.</summary>
/// <remarks>Whatever fails throws; the runtime turns that into an event. After a failure, or after <see cref="Abort"/>, the epoch is only good for <see cref="Leave"/>.</remarks>
public interface IRankWork : IDisposable
{
    /// <summary>Grows with everything that is finished: a layer, a transfer, a part of a file. Any thread.</summary>
    long Progress { get; }

    /// <summary>The transfer that the compute thread waits for at this moment; null where it waits for none. Any thread.</summary>
    HopWait? Waiting { get; }

    /// <summary>Where events go that come in the middle of an update (<see cref="BlockHeld"/>, <see cref="BlockAttended"/>) or beside it (<see cref="Replicated"/>). Called once, before all else.</summary>
    void SpeakTo(Action<MachineEvent> say);

    /// <summary>Will fail on purpose. Any thread.</summary>
    void Arm(ArmFault order);

    /// <summary>Opens this rank's communicators.</summary>
    /// <returns>Their endpoints as one text, and past which time they give a transfer up.</returns>
    (string Endpoint, TimeSpan HopDeadline) Prepare(PrepareCommunicators order);

    /// <summary>Connects with all ranks of the epoch.</summary>
    void Connect(ConnectCommunicators order);

    /// <summary>Loads the TrainingCheckpoint, or what ranks have in memory, or begins.</summary>
    /// <returns>The state; its <see cref="RestoreCheckpoint.StepsDone"/> is the order's.</returns>
    /// <exception cref="CheckpointUnreadableException">It is damaged or gone, as far as this rank can see; the coordinator will have its host look.</exception>
    StateDigest Restore(RestoreCheckpoint order);

    /// <summary>One update.</summary>
    (StateDigest Digest, StepReport Report) Train(TrainStep trainStep);

    /// <summary>Copies this rank's part of the present state, and gives the next rank one beside what follows. <see cref="Replicated"/> is said when that is done.</summary>
    void Replicate(Replicate order);

    /// <summary>Lets go of copies.</summary>
    void Keep(KeepReplicas order);

    /// <summary>
    /// Writes this rank's shard of the present state, synced, beside what follows where there is a copy of the state. <see cref="ShardStored"/> or <see cref="ShardFailed"/> is
    /// said when that is done; the state is whole in any case.
    /// </summary>
    void WriteShard(WriteShard order);

    /// <summary>The compute thread may go beyond a unit's rotations. Any thread.</summary>
    void Grant(GrantRotation order);

    /// <summary>Frees the compute thread from whatever transfer of the epoch it waits for. Any thread; harmless if there is none.</summary>
    void Abort(RingEpoch epoch, string reason);

    /// <summary>Gives up what belongs to the epoch.</summary>
    void Leave();
}
