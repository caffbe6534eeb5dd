using System.Runtime.InteropServices;

namespace ActorRing.Native;

/// <summary>Mirror of <c>ar_comm_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CommOptions
{
    internal const int SecretBytes = 32;

    internal int Transport;
    internal int Rank;
    internal int Size;
    internal int DeviceIndex;
    internal long Epoch;
    internal byte* Host;
    internal fixed byte Secret[SecretBytes];
    internal int Verify;
    internal int Reserved;
}

/// <summary>Mirror of <c>ar_comm_memory</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CommMemory
{
    internal nint Address;
    internal long ByteCount;
    internal long Slab;
}

/// <summary>Mirror of <c>ar_comm_call</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CommCall
{
    internal long Label;
    internal long DeadlineMilliseconds;
}

/// <summary>Mirror of <c>ar_comm_failure</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CommFailure
{
    internal NativeStatus Status;
    internal int Operation;
    internal int Peer;
    internal int Reserved;
    internal long Label;
}

/// <summary>Mirror of <c>ar_comm_info</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CommInfo
{
    internal int Transport;
    internal int Rank;
    internal int Size;
    internal int State;
    internal long Epoch;
    internal long OperationCount;
    internal long OutstandingCount;
    internal long SentBytes;
    internal long ReceivedBytes;
    internal long WaitNanoseconds;
}

/// <summary>Mirror of <c>ar_comm_wait_info</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CommWaitInfo
{
    internal int Operation;
    internal int Peer;
    internal long Label;
    internal long Nanoseconds;
}

/// <summary>Mirror of <c>ar_comm_peer_info</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CommPeerInfo
{
    internal long SentBytes;
    internal long ReceivedBytes;
}
