using System.Diagnostics;
using ActorRing.Native;

namespace ActorRing.Compute.Communication;

/// <summary>The communicator over <c>libar_comm</c>: shared memory, loopback, Gloo or NCCL, as its options say.</summary>
public sealed class Communicator : ICommunicator
{
    private readonly NativeCommunicator _native;
    private readonly long _deadlineMilliseconds;

    internal Communicator(NativeCommunicator native, TransportKind transport, long epoch, TimeSpan deadline)
    {
        // Ranks as threads would lend by address: one that gives up frees what another still reads. What is lent by descriptor stays mapped at the reader.
        Lends = transport == TransportKind.SharedMemory;
        _native = native;
        Epoch = epoch;
        _deadlineMilliseconds = Math.Max(1, (long)deadline.TotalMilliseconds);
    }

    /// <inheritdoc/>
    public int Rank => _native.Rank;

    /// <inheritdoc/>
    public int Size => _native.Size;

    /// <inheritdoc/>
    public long Epoch { get; }

    /// <inheritdoc/>
    public bool Lends { get; }

    /// <inheritdoc/>
    public CommunicationCounters Counters
    {
        get
        {
            var totals = _native.Totals;
            return new CommunicationCounters(totals.Operations, totals.SentBytes, totals.ReceivedBytes, TimeSpan.FromMicroseconds(totals.WaitNanoseconds / 1000.0));
        }
    }

    /// <summary>Opens an endpoint, exchanges it, connects to all ranks. Every rank of the group must do so.</summary>
    /// <param name="options">The same on every rank, but for the device.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="size">Ranks in the group.</param>
    /// <param name="epoch">Above every earlier epoch of the group.</param>
    /// <param name="rendezvous">Where the ranks meet.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="CommunicationException">A rank was refused, was lost or did not come.</exception>
    /// <exception cref="NotSupportedException">The transport is not to be had here; the message names what is missing.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Communicator Connect(CommunicatorOptions options, int rank, int size, long epoch, IRendezvous rendezvous, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(rendezvous);
        var clock = Stopwatch.StartNew();
        _ = options.SecretOfName(); // complains before anything is opened
        var endpoint = CommunicatorEndpoint.Open(options, rank, size, epoch);
        try
        {
            var group = $"{options.Name}-{epoch}";
            rendezvous.Publish(group, rank, endpoint.Bytes);
            var endpoints = rendezvous.Collect(group, size, options.ConnectDeadline, cancellation);
            return endpoint.ConnectWithin(options.ConnectDeadline - clock.Elapsed, endpoints, default, cancellation);
        }
        catch (Exception error)
        {
            endpoint.Dispose();
            cancellation.ThrowIfCancellationRequested();
            throw error is TimeoutException late ? new CommunicationException(late.Message, CommunicationFailure.TimedOut, TransportOperation.Connect, -1, default) : error;
        }
    }

    /// <inheritdoc/>
    public (long SentBytes, long ReceivedBytes) CountersWith(int peer) => _native.TotalsWith(peer);

    /// <inheritdoc/>
    public Pending Send(in Tensor source, int peer, HopLabel label)
    {
        try
        {
            return new Pending(this, _native.Send(source, peer, label.ToBits(), _deadlineMilliseconds));
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    /// <inheritdoc/>
    public Pending Receive(in Tensor destination, int peer, HopLabel label)
    {
        try
        {
            return new Pending(this, _native.Receive(destination, peer, label.ToBits(), _deadlineMilliseconds));
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    /// <inheritdoc/>
    public Loan Borrow(long byteCount, int peer, HopLabel label)
    {
        try
        {
            return new Loan(this, _native.Borrow(byteCount, peer, label.ToBits(), _deadlineMilliseconds));
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    /// <inheritdoc/>
    public Pending Rotate(in Tensor source, int toRank, in Tensor destination, int fromRank, HopLabel label)
    {
        try
        {
            return new Pending(this, _native.Rotate(source, toRank, destination, fromRank, label.ToBits(), _deadlineMilliseconds));
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    /// <inheritdoc/>
    public Pending AllToAll(in Tensor source, ReadOnlySpan<long> sourceCounts, in Tensor destination, ReadOnlySpan<long> destinationCounts, HopLabel label)
    {
        try
        {
            return new Pending(this, _native.AllToAll(source, sourceCounts, destination, destinationCounts, label.ToBits(), _deadlineMilliseconds));
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    /// <inheritdoc/>
    public Pending AllGather(in Tensor source, in Tensor destination, ReadOnlySpan<long> partCounts, HopLabel label)
    {
        try
        {
            return new Pending(this, _native.AllGather(source, destination, partCounts, label.ToBits(), _deadlineMilliseconds));
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    /// <inheritdoc/>
    public Pending ReduceScatter(in Tensor source, in Tensor destination, ReadOnlySpan<long> partCounts, HopLabel label)
    {
        try
        {
            return new Pending(this, _native.ReduceScatter(source, destination, partCounts, label.ToBits(), _deadlineMilliseconds));
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    /// <inheritdoc/>
    public Pending AllReduce(in Tensor source, in Tensor destination, HopLabel label)
    {
        try
        {
            return new Pending(this, _native.AllReduce(source, destination, label.ToBits(), _deadlineMilliseconds));
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    /// <inheritdoc/>
    public Pending Broadcast(in Tensor tensor, int root, HopLabel label)
    {
        try
        {
            return new Pending(this, _native.Broadcast(tensor, root, label.ToBits(), _deadlineMilliseconds));
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    /// <inheritdoc/>
    public Pending Barrier(HopLabel label)
    {
        try
        {
            return new Pending(this, _native.Barrier(label.ToBits(), _deadlineMilliseconds));
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    /// <inheritdoc/>
    public void Abort(string reason) => _native.Abort(reason);

    /// <summary>What this rank's thread waits for at this moment: whose part, of which transfer, for how long; null where it does not wait. From another thread.</summary>
    public (int Peer, HopLabel Label, TimeSpan Waited)? Waiting =>
        _native.Waiting is { } waiting ? (waiting.Peer, HopLabel.FromBits(waiting.Label), waiting.Waited) : null;

    /// <summary>Leaves the group. Operations that are not complete fail with <see cref="CommunicationFailure.Aborted"/>.</summary>
    public void Dispose() => _native.Dispose();

    internal void Wait(long operation)
    {
        try
        {
            _native.Wait(operation);
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    internal nint WaitBorrowed(long operation)
    {
        try
        {
            return _native.WaitBorrowed(operation);
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    internal void Release(long operation)
    {
        try
        {
            _native.Release(operation);
        }
        catch (TransportException cause)
        {
            throw new CommunicationException(cause);
        }
    }

    internal bool IsComplete(long operation) => _native.IsComplete(operation);
}
