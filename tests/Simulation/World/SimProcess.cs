using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Rank;
using ActorRing.Actors.Submitter;

namespace ActorRing.Simulation;

/// <summary>One life of one simulated process and the machine in it.</summary>
internal abstract class SimProcess(MemberId id, int slot, Role role)
{
    internal const long Never = long.MaxValue;

    internal MemberId Id { get; } = id;

    /// <summary>Where it runs: what cuts are between.</summary>
    internal int Slot { get; } = slot;

    internal Sender Sender { get; } = new(id, role);

    internal bool IsAlive { get; set; } = true;

    /// <summary>Stopped until then; <see cref="Never"/> for good.</summary>
    internal long PausedUntil { get; set; }

    internal Wake? Alarm { get; set; }

    internal abstract string? Handle(MachineEvent input, Instant now, Outbox effects);

    /// <summary>A wake-up; only the one last asked for counts.</summary>
    internal sealed class Wake;
}

/// <summary>A member: a rank machine and what it computes with.</summary>
internal sealed class SimMember(MemberId id, int slot, RankOptions options, SimPlanner planner) : SimProcess(id, slot, Role.Member)
{
    internal RankMachine Machine { get; } = new(id, options, planner);

    internal bool IsOdd { get; init; }

    /// <summary>Its compute thread has stopped; its heart goes on beating.</summary>
    internal bool IsHung { get; set; }

    /// <summary>Fenced by cutting it off: it lives, but reaches nobody.</summary>
    internal bool IsCutOff { get; set; }

    internal SimSession? Session { get; set; }

    /// <summary>Parts of states in its memory: gone with it.</summary>
    internal Dictionary<(long Job, long StepsDone, int Parts, int Part), ulong> Replicas { get; } = [];

    internal RingEpoch SeenPromise { get; set; }

    internal long SeenTerm { get; set; }

    internal override string? Handle(MachineEvent input, Instant now, Outbox effects) => Machine.Handle(input, now, effects);
}

/// <summary>A coordinator: its machine and what it has written but not synced.</summary>
internal sealed class SimCoordinator(MemberId id, int slot, long term, CoordinatorMachine machine) : SimProcess(id, slot, Role.Coordinator)
{
    internal CoordinatorMachine Machine { get; } = machine;

    internal long Term { get; } = term;

    internal Queue<(long Sequence, LogRecord Record)> Unsynced { get; } = new();

    internal long SyncedBy { get; set; }

    /// <summary>Transfers that it has told observers of: they never become fewer.</summary>
    internal Dictionary<(RingEpoch Epoch, int Rank), long> ToldTransfers { get; } = [];

    /// <summary>After a failed sync the host takes nothing more: what is on the disk is not known.</summary>
    internal bool IsLogPoisoned { get; set; }

    internal override string? Handle(MachineEvent input, Instant now, Outbox effects) => Machine.Handle(input, now, effects);
}

/// <summary>Somebody at a terminal.</summary>
internal sealed class SimSubmitter(MemberId id, int slot, SubmitterMachine machine) : SimProcess(id, slot, Role.Submitter)
{
    internal SubmitterMachine Machine { get; } = machine;

    internal override string? Handle(MachineEvent input, Instant now, Outbox effects) => Machine.Handle(input, now, effects);
}

/// <summary>The data plane of one epoch, and the truth about it.</summary>
internal sealed class SimRing(EpochIssuedBy issued, ProposePlan proposal)
{
    internal EpochIssuedBy Issued { get; } = issued;

    internal ProposePlan Proposal { get; } = proposal;

    internal RingEpoch Id => Proposal.Epoch;

    internal SimMember?[] Connected { get; } = new SimMember?[proposal.Members.Length];

    internal int ConnectedCount { get; set; }

    internal string? Secret { get; set; }

    /// <summary>Updates that each rank's machine has applied.</summary>
    internal long[] DoneBy { get; } = new long[proposal.Members.Length];

    /// <summary>Transfers that each rank has reported to its machine, or is about to.</summary>
    internal long[] TransfersBy { get; } = new long[proposal.Members.Length];

    /// <summary>Updates whose state each rank has replicated.</summary>
    internal long[] ReplicatedBy { get; } = [.. Enumerable.Repeat(-1L, proposal.Members.Length)];

    /// <summary>Whether a part that it was to start from was given up because it was damaged: whoever waits for it waits for the end of the epoch.</summary>
    internal bool HasGivenUp { get; set; }

    /// <summary>Updates whose state each rank has offered for replication.</summary>
    internal long[] OfferedBy { get; } = [.. Enumerable.Repeat(-1L, proposal.Members.Length)];

    internal bool[] Arrived { get; } = new bool[proposal.Members.Length];

    internal int ArrivedCount { get; set; }

    /// <summary>Updates whose loss was no number.</summary>
    internal HashSet<long> NonFinite { get; } = [];
}

/// <summary>Which coordinator said so first.</summary>
internal sealed record EpochIssuedBy(MemberId Coordinator, long Term);

/// <summary>What one rank computes with in one epoch.</summary>
internal sealed class SimSession(SimRing ring, int rank)
{
    internal SimRing Ring { get; } = ring;

    internal int Rank { get; } = rank;

    internal ulong Digest { get; set; }

    internal long StepsDone { get; set; }

    internal bool IsComputing { get; set; }

    internal long ArrivedAt { get; set; } = -1;

    // Rotations of the update in hand.
    internal int Units { get; set; }

    /// <summary>Since when it has been waiting for the part of the rank before it, or for parts to restore; -1 if it does not.</summary>
    internal long CopiesSince { get; set; } = -1;

    /// <summary>Updates whose state it is replicating: one after the other.</summary>
    internal Queue<long> Copies { get; } = new();

    /// <summary>For whom it waits then.</summary>
    internal int CopiesFrom { get; set; }

    internal int Attended { get; set; }

    internal int Granted { get; set; }

    /// <summary>Blocks in place: own one, then one more with each transfer.</summary>
    internal int Blocks { get; set; }

    internal bool IsAttending { get; set; }
}
