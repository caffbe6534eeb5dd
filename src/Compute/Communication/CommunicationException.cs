using ActorRing.Native;

namespace ActorRing.Compute.Communication;

/// <summary>Why a transfer failed.</summary>
public enum CommunicationFailure
{
    /// <summary>A peer's connection ended: its process is gone, or it gave up.</summary>
    PeerLost,

    /// <summary>A peer did not do its part before the deadline.</summary>
    TimedOut,

    /// <summary>The communicator was aborted or disposed on this rank.</summary>
    Aborted,

    /// <summary>Two ranks disagree about the same transfer: another byte count, or another operation.</summary>
    Mismatch,

    /// <summary>A peer was not admitted, or did not admit this rank: wrong epoch, size, rank or secret.</summary>
    Refused,

    /// <summary>Bytes are not those that were sent (<see cref="CommunicatorOptions.Verifies"/>).</summary>
    Damaged,
}

/// <summary>A transfer failed. The communicator is broken: dispose it and make another under a new epoch. What was received into is undefined.</summary>
public sealed class CommunicationException : Exception
{
    /// <summary>Creates the exception.</summary>
    public CommunicationException(string message, CommunicationFailure reason, TransportOperation operation, int peer, HopLabel label)
        : base(message)
    {
        Reason = reason;
        Operation = operation;
        Peer = peer;
        Label = label;
    }

    internal CommunicationException(TransportException cause)
        : base($"{HopLabel.FromBits(cause.Label)}: {cause.Message}", cause)
    {
        Reason = cause.Failure switch
        {
            TransportFailure.PeerLost => CommunicationFailure.PeerLost,
            TransportFailure.TimedOut => CommunicationFailure.TimedOut,
            TransportFailure.Aborted => CommunicationFailure.Aborted,
            TransportFailure.Mismatch => CommunicationFailure.Mismatch,
            TransportFailure.Damaged => CommunicationFailure.Damaged,
            _ => CommunicationFailure.Refused,
        };
        Operation = cause.Operation;
        Peer = cause.Peer;
        Label = HopLabel.FromBits(cause.Label);
    }

    /// <summary>Why.</summary>
    public CommunicationFailure Reason { get; }

    /// <summary>What was going on.</summary>
    public TransportOperation Operation { get; }

    /// <summary>The rank to blame as far as is known, or -1. Where a peer gave up because of a third rank, the third.</summary>
    public int Peer { get; }

    /// <summary>The hop.</summary>
    public HopLabel Label { get; }
}
