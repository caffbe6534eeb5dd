using System.Runtime.InteropServices;
using System.Text;

namespace ActorRing.Native;

/// <summary>
/// Owns one native <c>ar_comm</c>: one rank's place in one group. The only type that frees it. Its contract is that of <c>actorring_comm.h</c>; memory is given as contiguous tensors,
/// the absent tensor standing for no bytes.
/// </summary>
/// <remarks>
/// Usable from several threads. A tensor's buffer stays alive until its operation was waited for, even if it is disposed meanwhile. Buffers on shared-memory slabs are announced to
/// the peers once, at first use. After the first use of each buffer no call allocates managed memory. Transfers throw <see cref="TransportException"/>.
/// </remarks>
public sealed unsafe partial class NativeCommunicator : SafeHandle
{
    private readonly CommLibraryTable _library;
    private readonly CommBuffers _buffers;

    private NativeCommunicator(CommLibraryTable library, nint comm, int rank, int size)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        _library = library;
        SetHandle(comm);
        Rank = rank;
        Size = size;
        _buffers = new CommBuffers(library);
    }

    /// <summary>This rank.</summary>
    public int Rank { get; }

    /// <summary>Ranks in the group.</summary>
    public int Size { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    private nint Comm
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    /// <summary>Whether a transport can be asked for on this machine.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="whyNot">What is missing and how to get it; empty where nothing is.</param>
    public static bool IsAvailable(TransportKind kind, out string whyNot)
    {
        var library = new CommLibraryTable();
        var available = library.TransportCheck((int)kind) == NativeStatus.Ok;
        whyNot = available ? "" : Marshal.PtrToStringUTF8((nint)library.LastError()) ?? "";
        return available;
    }

    /// <summary>Phase one: opens this rank's endpoint. Nobody is admitted before <see cref="Connect"/>.</summary>
    /// <param name="kind">Transport.</param>
    /// <param name="rank">This rank, [0, size).</param>
    /// <param name="size">Ranks in the group, 1 to 1024.</param>
    /// <param name="epoch">A peer of another epoch is refused.</param>
    /// <param name="secret">32 bytes, the same on every rank, known to nobody else.</param>
    /// <param name="host">Gloo: the local address to bind; null binds 127.0.0.1.</param>
    /// <param name="deviceIndex">NCCL: which GPU.</param>
    /// <param name="verifies">Whether transfers carry a checksum, and those that come in are held against theirs.</param>
    /// <exception cref="NotSupportedException">The transport is not to be had here; the message names what is missing.</exception>
    public static NativeCommunicator Listen(TransportKind kind, int rank, int size, long epoch, ReadOnlySpan<byte> secret, string? host = null, int deviceIndex = 0, bool verifies = false)
    {
        RequireSecret(secret);
        var library = new CommLibraryTable();
        var hostBytes = host is null ? null : Encoding.UTF8.GetBytes(host + '\0');
        fixed (byte* pinnedHost = hostBytes)
        {
            var options = new CommOptions { Transport = (int)kind, Rank = rank, Size = size, DeviceIndex = deviceIndex, Epoch = epoch, Host = pinnedHost, Verify = verifies ? 1 : 0 };
            secret.CopyTo(new Span<byte>(options.Secret, CommOptions.SecretBytes));
            nint comm;
            library.Check(library.Listen(&options, &comm));
            return new NativeCommunicator(library, comm, rank, size);
        }
    }

    /// <summary>This rank's endpoint, for the caller to give to every rank.</summary>
    public byte[] Endpoint()
    {
        long count;
        _library.Check(_library.Endpoint(Comm, null, 0, &count));
        var bytes = new byte[count];
        fixed (byte* pinned = bytes)
        {
            _library.Check(_library.Endpoint(Comm, pinned, count, &count));
        }

        return bytes;
    }

    /// <summary>Takes another secret than that of <see cref="Listen"/>, for callers that learn it once endpoints have been exchanged; before <see cref="Connect"/>.</summary>
    /// <param name="secret">32 bytes.</param>
    public void SetSecret(ReadOnlySpan<byte> secret)
    {
        RequireSecret(secret);
        fixed (byte* pinned = secret)
        {
            _library.Check(_library.SetSecret(Comm, pinned));
        }
    }

    /// <summary>Phase two: connects to all ranks and returns when every pair has proven the secret.</summary>
    /// <param name="endpoints">The endpoints of all ranks, in rank order.</param>
    /// <param name="deadlineMilliseconds">Above 0.</param>
    public void Connect(IReadOnlyList<byte[]> endpoints, long deadlineMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        if (endpoints.Count != Size)
        {
            throw new ArgumentException($"{endpoints.Count} endpoints are given for {Size} ranks");
        }

        var all = endpoints.SelectMany(bytes => bytes).ToArray();
        var counts = endpoints.Select(bytes => (long)bytes.Length).ToArray();
        fixed (byte* pinned = all)
        fixed (long* pinnedCounts = counts)
        {
            _library.Check(_library.Connect(Comm, pinned, pinnedCounts, deadlineMilliseconds));
        }
    }

    /// <summary>Frees everyone who waits on this communicator, now; from any thread. Does nothing on one that is broken or disposed.</summary>
    public void Abort(string reason)
    {
        var taken = false;
        try
        {
            DangerousAddRef(ref taken);
            fixed (byte* text = Encoding.UTF8.GetBytes(reason + '\0'))
            {
                _library.Check(_library.Abort(handle, text));
            }
        }
        catch (ObjectDisposedException)
        {
            // Whoever aborts races with whoever disposes: both want the same.
        }
        finally
        {
            if (taken)
            {
                DangerousRelease();
            }
        }
    }

    /// <summary>State and totals.</summary>
    public CommunicatorTotals Totals
    {
        get
        {
            CommInfo info;
            _library.Check(_library.Query(Comm, &info));
            return new CommunicatorTotals(info.State == 2, info.OperationCount, info.OutstandingCount, info.SentBytes, info.ReceivedBytes, info.WaitNanoseconds);
        }
    }

    /// <summary>What a thread waits for at this moment; null where none does. From another thread.</summary>
    public (int Peer, TransportOperation Operation, long Label, TimeSpan Waited)? Waiting
    {
        get
        {
            CommWaitInfo info;
            _library.Check(_library.WaitQuery(Comm, &info));
            return info.Operation < 0 ? null : (info.Peer, (TransportOperation)info.Operation, info.Label, TimeSpan.FromMicroseconds(info.Nanoseconds / 1000.0));
        }
    }

    /// <summary>Payload bytes exchanged with one peer.</summary>
    public (long SentBytes, long ReceivedBytes) TotalsWith(int peer)
    {
        CommPeerInfo info;
        _library.Check(_library.PeerQuery(Comm, peer, &info));
        return (info.SentBytes, info.ReceivedBytes);
    }

    private static void RequireSecret(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != CommOptions.SecretBytes)
        {
            throw new ArgumentException($"the secret has {secret.Length} bytes, must have {CommOptions.SecretBytes}");
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        var freed = _library.Free(handle) == NativeStatus.Ok;
        _buffers.ReleaseAll();
        return freed;
    }
}

/// <summary>What a communicator has done.</summary>
/// <param name="IsBroken">A transfer failed, or it was aborted.</param>
/// <param name="Operations">Started.</param>
/// <param name="Outstanding">Started and not waited for.</param>
/// <param name="SentBytes">Payload that receivers acknowledged.</param>
/// <param name="ReceivedBytes">Payload.</param>
/// <param name="WaitNanoseconds">Spent in waits, all threads.</param>
public readonly record struct CommunicatorTotals(bool IsBroken, long Operations, long Outstanding, long SentBytes, long ReceivedBytes, long WaitNanoseconds);
