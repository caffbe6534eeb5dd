using System.Runtime.InteropServices;

namespace ActorRing.Native;

/// <summary>The functions of <c>libar_comm</c>, in the order and with the names of <c>actorring_comm.h</c>.</summary>
internal sealed unsafe class CommLibraryTable
{
    internal const string File = "libar_comm.so";
    internal const int ExpectedAbiVersion = 3;

    internal readonly delegate* unmanaged<byte*> LastError;
    internal readonly delegate* unmanaged<int, NativeStatus> TransportCheck;
    internal readonly delegate* unmanaged<CommFailure*, NativeStatus> LastFailure;
    internal readonly delegate* unmanaged<CommOptions*, nint*, NativeStatus> Listen;
    internal readonly delegate* unmanaged<nint, void*, long, long*, NativeStatus> Endpoint;
    internal readonly delegate* unmanaged<nint, byte*, NativeStatus> SetSecret;
    internal readonly delegate* unmanaged<nint, void*, long*, long, NativeStatus> Connect;
    internal readonly delegate* unmanaged<nint, CommWaitInfo*, NativeStatus> WaitQuery;
    internal readonly delegate* unmanaged<nint, byte*, NativeStatus> Abort;
    internal readonly delegate* unmanaged<nint, NativeStatus> Free;
    internal readonly delegate* unmanaged<nint, int, void*, long, long*, NativeStatus> SlabRegister;
    internal readonly delegate* unmanaged<nint, long, NativeStatus> SlabUnregister;
    internal readonly delegate* unmanaged<nint, CommCall*, int, CommMemory*, long*, NativeStatus> Send;
    internal readonly delegate* unmanaged<nint, CommCall*, int, CommMemory*, long*, NativeStatus> Receive;
    internal readonly delegate* unmanaged<nint, CommCall*, int, CommMemory*, int, CommMemory*, long*, NativeStatus> Rotate;
    internal readonly delegate* unmanaged<nint, CommCall*, int, long, long*, NativeStatus> Borrow;
    internal readonly delegate* unmanaged<nint, CommCall*, CommMemory*, long*, CommMemory*, long*, long*, NativeStatus> AllToAll;
    internal readonly delegate* unmanaged<nint, CommCall*, CommMemory*, CommMemory*, long*, long*, NativeStatus> AllGather;
    internal readonly delegate* unmanaged<nint, CommCall*, CommMemory*, int, CommMemory*, int, long*, long*, NativeStatus> ReduceScatter;
    internal readonly delegate* unmanaged<nint, CommCall*, CommMemory*, int, CommMemory*, int, long*, NativeStatus> AllReduce;
    internal readonly delegate* unmanaged<nint, CommCall*, int, CommMemory*, long*, NativeStatus> Broadcast;
    internal readonly delegate* unmanaged<nint, CommCall*, long*, NativeStatus> Barrier;
    internal readonly delegate* unmanaged<nint, long, NativeStatus> Wait;
    internal readonly delegate* unmanaged<nint, long, void**, NativeStatus> WaitBorrowed;
    internal readonly delegate* unmanaged<nint, long, NativeStatus> Release;
    internal readonly delegate* unmanaged<nint, long, int*, NativeStatus> IsComplete;
    internal readonly delegate* unmanaged<nint, CommInfo*, NativeStatus> Query;
    internal readonly delegate* unmanaged<nint, int, CommPeerInfo*, NativeStatus> PeerQuery;

    /// <summary>Loads the library; the runtime keeps it for the life of the process.</summary>
    /// <exception cref="BackendUnavailableException">The file is missing, cannot be loaded, or speaks another version of the contract.</exception>
    internal CommLibraryTable()
    {
        if (!NativeLibrary.TryLoad(Path.Combine(AppContext.BaseDirectory, File), out var library))
        {
            throw new BackendUnavailableException($"{File} is missing or cannot be loaded: build again");
        }

        nint Export(string name) => NativeLibrary.TryGetExport(library, name, out var address)
            ? address
            : throw new BackendUnavailableException($"{File} has no {name}: it was built from another version");

        var version = ((delegate* unmanaged<int>)Export("ar_comm_abi_version"))();
        if (version != ExpectedAbiVersion)
        {
            throw new BackendUnavailableException($"{File} has ABI version {version}, expected {ExpectedAbiVersion}");
        }

        LastError = (delegate* unmanaged<byte*>)Export("ar_comm_last_error");
        TransportCheck = (delegate* unmanaged<int, NativeStatus>)Export("ar_comm_transport_check");
        LastFailure = (delegate* unmanaged<CommFailure*, NativeStatus>)Export("ar_comm_last_failure");
        Listen = (delegate* unmanaged<CommOptions*, nint*, NativeStatus>)Export("ar_comm_listen");
        Endpoint = (delegate* unmanaged<nint, void*, long, long*, NativeStatus>)Export("ar_comm_endpoint");
        SetSecret = (delegate* unmanaged<nint, byte*, NativeStatus>)Export("ar_comm_set_secret");
        Connect = (delegate* unmanaged<nint, void*, long*, long, NativeStatus>)Export("ar_comm_connect");
        Abort = (delegate* unmanaged<nint, byte*, NativeStatus>)Export("ar_comm_abort");
        Free = (delegate* unmanaged<nint, NativeStatus>)Export("ar_comm_free");
        SlabRegister = (delegate* unmanaged<nint, int, void*, long, long*, NativeStatus>)Export("ar_comm_slab_register");
        SlabUnregister = (delegate* unmanaged<nint, long, NativeStatus>)Export("ar_comm_slab_unregister");
        Send = (delegate* unmanaged<nint, CommCall*, int, CommMemory*, long*, NativeStatus>)Export("ar_comm_send");
        Receive = (delegate* unmanaged<nint, CommCall*, int, CommMemory*, long*, NativeStatus>)Export("ar_comm_receive");
        Rotate = (delegate* unmanaged<nint, CommCall*, int, CommMemory*, int, CommMemory*, long*, NativeStatus>)Export("ar_comm_rotate");
        Borrow = (delegate* unmanaged<nint, CommCall*, int, long, long*, NativeStatus>)Export("ar_comm_borrow");
        AllToAll = (delegate* unmanaged<nint, CommCall*, CommMemory*, long*, CommMemory*, long*, long*, NativeStatus>)Export("ar_comm_all_to_all");
        AllGather = (delegate* unmanaged<nint, CommCall*, CommMemory*, CommMemory*, long*, long*, NativeStatus>)Export("ar_comm_all_gather");
        ReduceScatter = (delegate* unmanaged<nint, CommCall*, CommMemory*, int, CommMemory*, int, long*, long*, NativeStatus>)Export("ar_comm_reduce_scatter");
        AllReduce = (delegate* unmanaged<nint, CommCall*, CommMemory*, int, CommMemory*, int, long*, NativeStatus>)Export("ar_comm_all_reduce");
        Broadcast = (delegate* unmanaged<nint, CommCall*, int, CommMemory*, long*, NativeStatus>)Export("ar_comm_broadcast");
        Barrier = (delegate* unmanaged<nint, CommCall*, long*, NativeStatus>)Export("ar_comm_barrier");
        Wait = (delegate* unmanaged<nint, long, NativeStatus>)Export("ar_comm_wait");
        WaitBorrowed = (delegate* unmanaged<nint, long, void**, NativeStatus>)Export("ar_comm_wait_borrowed");
        Release = (delegate* unmanaged<nint, long, NativeStatus>)Export("ar_comm_release");
        IsComplete = (delegate* unmanaged<nint, long, int*, NativeStatus>)Export("ar_comm_is_complete");
        Query = (delegate* unmanaged<nint, CommInfo*, NativeStatus>)Export("ar_comm_query");
        WaitQuery = (delegate* unmanaged<nint, CommWaitInfo*, NativeStatus>)Export("ar_comm_wait_query");
        PeerQuery = (delegate* unmanaged<nint, int, CommPeerInfo*, NativeStatus>)Export("ar_comm_peer_query");
    }

    /// <summary>Turns a status into the exception a .NET reader expects.</summary>
    internal void Check(NativeStatus status)
    {
        if (status != NativeStatus.Ok)
        {
            Throw(status);
        }
    }

    private void Throw(NativeStatus status)
    {
        var message = Marshal.PtrToStringUTF8((nint)LastError()) ?? "no message";
        if (status is NativeStatus.Timeout or NativeStatus.PeerLost or NativeStatus.Aborted or NativeStatus.Mismatch or NativeStatus.Refused or NativeStatus.Damaged)
        {
            CommFailure failure;
            _ = LastFailure(&failure);
            throw new TransportException(message, (TransportFailure)status, (TransportOperation)failure.Operation, failure.Peer, failure.Label);
        }

        throw status switch
        {
            NativeStatus.InvalidArgument => new ArgumentException(message),
            NativeStatus.OutOfMemory => new InsufficientMemoryException(message),
            NativeStatus.Unsupported => new NotSupportedException(message),
            _ => new NativeException(message),
        };
    }
}
