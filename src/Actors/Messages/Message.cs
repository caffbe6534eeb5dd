using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages;

/// <summary>What travels between processes: facts and orders of a few bytes, never tensors. It may be lost, repeated, late or out of order.</summary>
public abstract record Message;

/// <summary>What whoever sent a message is allowed to do.</summary>
public enum Role : byte
{
    /// <summary>May look.</summary>
    Observer,

    /// <summary>A process that can hold a rank; speaks for itself only.</summary>
    Member,

    /// <summary>May submit and control jobs.</summary>
    Submitter,

    /// <summary>The seed.</summary>
    Coordinator,
}

/// <summary>Who sent a message, as the engine vouches for it; a message never says so itself.</summary>
/// <param name="Member">The process.</param>
/// <param name="Role">What it may do.</param>
public readonly record struct Sender(MemberId Member, Role Role);
