namespace ActorRing.Native;

/// <summary>How the bytes of a communicator travel; mirror of <c>ar_transport</c>.</summary>
public enum TransportKind
{
    /// <summary>Ranks are threads of one process.</summary>
    Loopback = 0,

    /// <summary>Ranks are processes of one user on one host; bytes stay in the sender's slab until the receiver has copied them.</summary>
    SharedMemory = 1,

    /// <summary>Ranks on several hosts, TCP by Gloo; not encrypted.</summary>
    Gloo = 2,

    /// <summary>GPUs, by NCCL; not run on a GPU so far.</summary>
    Nccl = 3,
}

/// <summary>What a communicator was doing; mirror of <c>ar_comm_operation</c>.</summary>
public enum TransportOperation
{
    /// <summary>Connecting, or nothing in particular.</summary>
    Connect = 0,

    /// <summary>A send.</summary>
    Send = 1,

    /// <summary>A receive.</summary>
    Receive = 2,

    /// <summary>A send and a receive as one.</summary>
    Rotate = 3,

    /// <summary>A receive without a copy.</summary>
    Borrow = 4,

    /// <summary>Parts from everybody to everybody.</summary>
    AllToAll = 5,

    /// <summary>Everybody's part to everybody.</summary>
    AllGather = 6,

    /// <summary>Sums, one part to each.</summary>
    ReduceScatter = 7,

    /// <summary>Sums to everybody.</summary>
    AllReduce = 8,

    /// <summary>One rank's bytes to everybody.</summary>
    Broadcast = 9,

    /// <summary>Waiting for everybody.</summary>
    Barrier = 10,
}

/// <summary>Why a transfer failed; mirror of the values of <c>ar_status</c> that concern communicators.</summary>
public enum TransportFailure
{
    /// <summary>A peer did not do its part before the deadline.</summary>
    TimedOut = 3,

    /// <summary>A peer's connection ended.</summary>
    PeerLost = 6,

    /// <summary>The communicator was aborted or freed here.</summary>
    Aborted = 7,

    /// <summary>Two ranks disagree about the same transfer.</summary>
    Mismatch = 8,

    /// <summary>A peer was not admitted, or did not admit this rank.</summary>
    Refused = 9,

    /// <summary>Bytes are not those that were sent.</summary>
    Damaged = 10,
}

/// <summary>A transfer failed; the communicator is broken and only fit to be disposed.</summary>
public sealed class TransportException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TransportException(string message, TransportFailure failure, TransportOperation operation, int peer, long label)
        : base(message)
    {
        Failure = failure;
        Operation = operation;
        Peer = peer;
        Label = label;
    }

    /// <summary>Why.</summary>
    public TransportFailure Failure { get; }

    /// <summary>What was going on.</summary>
    public TransportOperation Operation { get; }

    /// <summary>The rank to blame as far as is known, or -1.</summary>
    public int Peer { get; }

    /// <summary>The label given by the caller of the operation.</summary>
    public long Label { get; }
}
