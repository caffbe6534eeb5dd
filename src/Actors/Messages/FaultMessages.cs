using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages;

/// <summary>Where in its work a rank does something on purpose that nobody wishes for.</summary>
public enum FaultPoint : byte
{
    /// <summary>Before an update reads its data.</summary>
    Begin,

    /// <summary>Before the attention of the first layer, forward: computing.</summary>
    Attention,

    /// <summary>In the middle of the rotations of the first layer: its first blocks have been sent.</summary>
    Rotation,

    /// <summary>Before the attention of the last layer, backward.</summary>
    Backward,

    /// <summary>Before gradients are summed over the ranks.</summary>
    Reduce,

    /// <summary>After the update, before it is reported.</summary>
    Update,

    /// <summary>After this rank's shard of a TrainingCheckpoint was written, before it is reported.</summary>
    Checkpoint,

    /// <summary>At once, whatever the rank does.</summary>
    Now,

    /// <summary>Before this rank's part of the state is copied to the next one: it has a copy of another part from the update before.</summary>
    Replica,
}

/// <summary>What a rank does to itself.</summary>
public enum Fault : byte
{
    /// <summary>SIGKILL.</summary>
    Kill,

    /// <summary>SIGSTOP.</summary>
    Stop,

    /// <summary>Waits a while at the point, in every update from then on.</summary>
    Slow,

    /// <summary>Its communicators break, as if the network did.</summary>
    Cut,

    /// <summary>A gradient is not a number.</summary>
    Nan,

    /// <summary>A bit changes in its memory: of a weight (<see cref="FaultPoint.Begin"/>), a moment (<see cref="FaultPoint.Update"/>) or a copy of another part (<see cref="FaultPoint.Replica"/>).</summary>
    Flip,

    /// <summary>A gradient is not a number, and is none either when the update is computed once more.</summary>
    NanTwice,

    /// <summary>A gradient is infinite.</summary>
    Inf,
}

/// <summary>Asks the holder of a rank to fail on purpose, once. Sent to every member; only the one that holds the rank answers.</summary>
/// <param name="Key">Names the request in its answer.</param>
/// <param name="Rank">Which.</param>
/// <param name="Step">In which update, from 0; -1 for the next that comes by.</param>
/// <param name="Point">Where.</param>
/// <param name="Fault">What.</param>
/// <param name="Lasts">Of <see cref="Fault.Slow"/>.</param>
public sealed record ArmFault(string Key, GlobalRank Rank, long Step, FaultPoint Point, Fault Fault, TimeSpan Lasts) : Message;

/// <summary>The holder of the rank will fail as it was asked to.</summary>
/// <param name="Key">Of the request.</param>
public sealed record FaultArmed(string Key) : Message;
