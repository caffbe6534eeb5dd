namespace ActorRing.Native;

/// <summary>Transfers: each starts an operation and returns it; <see cref="Wait"/> ends it. Counts of parts are of elements.</summary>
public sealed unsafe partial class NativeCommunicator
{
    /// <summary>Sends a tensor to a peer; complete when the peer has let go of the bytes.</summary>
    public long Send(in Tensor source, int peer, long label, long deadlineMilliseconds)
    {
        var memory = Locate(source, nameof(source));
        var call = new CommCall { Label = label, DeadlineMilliseconds = deadlineMilliseconds };
        long operation;
        CommBuffers.Hold(source, default);
        return Started(_library.Send(Comm, &call, peer, &memory, &operation), &operation, source, default);
    }

    /// <summary>Receives what a peer sends; the byte counts must agree.</summary>
    public long Receive(in Tensor destination, int peer, long label, long deadlineMilliseconds)
    {
        var memory = Locate(destination, nameof(destination));
        var call = new CommCall { Label = label, DeadlineMilliseconds = deadlineMilliseconds };
        long operation;
        CommBuffers.Hold(destination, default);
        return Started(_library.Receive(Comm, &call, peer, &memory, &operation), &operation, destination, default);
    }

    /// <summary>Sends to one peer and receives from another as one operation; both may be this rank (a copy).</summary>
    public long Rotate(in Tensor source, int to, in Tensor destination, int from, long label, long deadlineMilliseconds)
    {
        var sent = Locate(source, nameof(source));
        var received = Locate(destination, nameof(destination));
        var call = new CommCall { Label = label, DeadlineMilliseconds = deadlineMilliseconds };
        long operation;
        CommBuffers.Hold(source, destination);
        return Started(_library.Rotate(Comm, &call, to, &sent, from, &received, &operation), &operation, source, destination);
    }

    /// <summary>Receives without a copy: see <see cref="WaitBorrowed"/>.</summary>
    public long Borrow(long byteCount, int peer, long label, long deadlineMilliseconds)
    {
        var call = new CommCall { Label = label, DeadlineMilliseconds = deadlineMilliseconds };
        long operation;
        CommBuffers.Hold(default, default);
        return Started(_library.Borrow(Comm, &call, peer, byteCount, &operation), &operation, default, default);
    }

    /// <summary>Sends part p of the source to rank p and receives the parts of all ranks, in rank order.</summary>
    /// <param name="source">All parts; the absent tensor if they are empty.</param>
    /// <param name="sourceCounts">Elements for each rank.</param>
    /// <param name="destination">All parts; the absent tensor if they are empty.</param>
    /// <param name="destinationCounts">Elements from each rank.</param>
    /// <param name="label">Comes back in failures.</param>
    /// <param name="deadlineMilliseconds">Above 0.</param>
    public long AllToAll(
        in Tensor source, ReadOnlySpan<long> sourceCounts, in Tensor destination, ReadOnlySpan<long> destinationCounts, long label, long deadlineMilliseconds)
    {
        RequireCounts(sourceCounts, nameof(sourceCounts));
        RequireCounts(destinationCounts, nameof(destinationCounts));
        var sent = Locate(source, nameof(source));
        var received = Locate(destination, nameof(destination));
        var sourceBytes = stackalloc long[Size];
        var destinationBytes = stackalloc long[Size];
        ToBytes(sourceCounts, source, sourceBytes);
        ToBytes(destinationCounts, destination, destinationBytes);
        var call = new CommCall { Label = label, DeadlineMilliseconds = deadlineMilliseconds };
        long operation;
        CommBuffers.Hold(source, destination);
        return Started(_library.AllToAll(Comm, &call, &sent, sourceBytes, &received, destinationBytes, &operation), &operation, source, destination);
    }

    /// <summary>Collects the parts of all ranks in rank order; the source may be this rank's part of the destination.</summary>
    public long AllGather(in Tensor source, in Tensor destination, ReadOnlySpan<long> partCounts, long label, long deadlineMilliseconds)
    {
        RequireCounts(partCounts, nameof(partCounts));
        var sent = Locate(source, nameof(source));
        var received = Locate(destination, nameof(destination));
        var partBytes = stackalloc long[Size];
        ToBytes(partCounts, destination, partBytes);
        var call = new CommCall { Label = label, DeadlineMilliseconds = deadlineMilliseconds };
        long operation;
        CommBuffers.Hold(source, destination);
        return Started(_library.AllGather(Comm, &call, &sent, &received, partBytes, &operation), &operation, source, destination);
    }

    /// <summary>Sums over ranks, formed in float32 in ascending rank order; part p goes to rank p.</summary>
    /// <param name="source">Float32 or BFloat16, all parts.</param>
    /// <param name="destination">This rank's part, type of the source or Float32; the absent tensor if it is empty.</param>
    /// <param name="partCounts">Elements of each part, the same on every rank.</param>
    /// <param name="label">Comes back in failures.</param>
    /// <param name="deadlineMilliseconds">Above 0.</param>
    public long ReduceScatter(in Tensor source, in Tensor destination, ReadOnlySpan<long> partCounts, long label, long deadlineMilliseconds)
    {
        RequireCounts(partCounts, nameof(partCounts));
        var sent = Locate(source, nameof(source));
        var received = Locate(destination, nameof(destination));
        var call = new CommCall { Label = label, DeadlineMilliseconds = deadlineMilliseconds };
        long operation;
        CommBuffers.Hold(source, destination);
        fixed (long* counts = partCounts)
        {
            var destinationType = destination.IsNone ? source.Type : destination.Type;
            return Started(
                _library.ReduceScatter(Comm, &call, &sent, (int)source.Type, &received, (int)destinationType, counts, &operation), &operation, source, destination);
        }
    }

    /// <summary>Sums over ranks to every rank, bit-equal on all; the destination may be the source.</summary>
    public long AllReduce(in Tensor source, in Tensor destination, long label, long deadlineMilliseconds)
    {
        var sent = Locate(source, nameof(source));
        var received = Locate(destination, nameof(destination));
        var call = new CommCall { Label = label, DeadlineMilliseconds = deadlineMilliseconds };
        long operation;
        CommBuffers.Hold(source, destination);
        return Started(_library.AllReduce(Comm, &call, &sent, (int)source.Type, &received, (int)destination.Type, &operation), &operation, source, destination);
    }

    /// <summary>Gives every rank the root's bytes.</summary>
    public long Broadcast(in Tensor tensor, int root, long label, long deadlineMilliseconds)
    {
        var memory = Locate(tensor, nameof(tensor));
        var call = new CommCall { Label = label, DeadlineMilliseconds = deadlineMilliseconds };
        long operation;
        CommBuffers.Hold(tensor, default);
        return Started(_library.Broadcast(Comm, &call, root, &memory, &operation), &operation, tensor, default);
    }

    /// <summary>Complete when every rank has called it.</summary>
    public long Barrier(long label, long deadlineMilliseconds)
    {
        var call = new CommCall { Label = label, DeadlineMilliseconds = deadlineMilliseconds };
        long operation;
        return Started(_library.Barrier(Comm, &call, &operation), &operation, default, default);
    }

    /// <summary>Waits for an operation and ends it, whatever the outcome.</summary>
    /// <exception cref="ArgumentException">It was waited for already, or is a borrow.</exception>
    public void Wait(long operation)
    {
        var held = _buffers.Take(operation);
        var status = _library.Wait(Comm, operation);
        held.Release();
        _library.Check(status);
    }

    /// <summary>Waits for a borrow. The sender's bytes may be read until <see cref="Release"/>, and must not be written.</summary>
    /// <returns>Address of the bytes; 0 when there are none.</returns>
    public nint WaitBorrowed(long operation)
    {
        void* address;
        _library.Check(_library.WaitBorrowed(Comm, operation, &address));
        return (nint)address;
    }

    /// <summary>Lets go of borrowed bytes: the sender's operation completes.</summary>
    /// <exception cref="TransportException">The sender gave up before: what was read may have been overwritten.</exception>
    public void Release(long operation) => _library.Check(_library.Release(Comm, operation));

    /// <summary>Whether a wait would return at once.</summary>
    public bool IsComplete(long operation)
    {
        int complete;
        _library.Check(_library.IsComplete(Comm, operation, &complete));
        return complete != 0;
    }

    private CommMemory Locate(in Tensor tensor, string name) => _buffers.Locate(Comm, tensor, name);

    private long Started(NativeStatus status, long* operation, in Tensor first, in Tensor second)
    {
        if (status != NativeStatus.Ok)
        {
            CommBuffers.Unhold(first, second);
            _library.Check(status);
        }

        _buffers.Remember(*operation, first, second);
        return *operation;
    }

    private void RequireCounts(ReadOnlySpan<long> counts, string name)
    {
        if (counts.Length != Size)
        {
            throw new ArgumentException($"{name} has {counts.Length} entries for {Size} ranks");
        }
    }

    private static void ToBytes(ReadOnlySpan<long> counts, in Tensor tensor, long* bytes)
    {
        var size = tensor.IsNone ? 1 : tensor.Type.ByteCount();
        for (var i = 0; i < counts.Length; i++)
        {
            bytes[i] = checked(counts[i] * size);
        }
    }
}
