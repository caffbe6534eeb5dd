using ActorRing.Native;

namespace ActorRing.Compute.Communication;

// Letters: P ranks in the group. Counts are of elements.

/// <summary>One rank's place in one group of ranks: moves contiguous tensors between them while the caller computes.</summary>
/// <remarks>
/// <para>Every operation starts at once and returns a <see cref="Pending"/>; several may be outstanding. Until its wait a source must not be written and a destination not be touched.
/// The absent tensor (<c>default</c>) stands for no elements. Transfers between two ranks are matched in the order in which each side started them.</para>
/// <para>Starting or waiting throws <see cref="CommunicationException"/> when a transfer failed; from then on every call throws. Arguments that break the contract throw
/// <see cref="ArgumentException"/> and start nothing. Steady state allocates no managed memory.</para>
/// <para>Sums are formed in float32 in ascending rank order: bit-equal on every rank, run and transport.</para>
/// </remarks>
public interface ICommunicator : IDisposable
{
    /// <summary>This rank in the group.</summary>
    int Rank { get; }

    /// <summary>Ranks in the group.</summary>
    int Size { get; }

    /// <summary>The incarnation of the group; all ranks share it.</summary>
    long Epoch { get; }

    /// <summary>Totals since the communicator was made.</summary>
    CommunicationCounters Counters { get; }

    /// <summary>Payload bytes exchanged with one rank.</summary>
    (long SentBytes, long ReceivedBytes) CountersWith(int peer);

    /// <summary>Sends to a peer; complete when the peer has let go of the bytes.</summary>
    Pending Send(in Tensor source, int peer, HopLabel label);

    /// <summary>Receives from a peer exactly the bytes of <paramref name="destination"/>.</summary>
    Pending Receive(in Tensor destination, int peer, HopLabel label);

    /// <summary>Whether <see cref="Borrow"/> saves the copy: ranks of one host that read where the sender has the bytes.</summary>
    bool Lends { get; }

    /// <summary>Receives without a copy: the sender's bytes may be read, not written, until <see cref="Loan.Release"/>, and its send is complete only then.</summary>
    /// <remarks>What is sent from a tensor over the lent bytes is lent on, not copied; the loan may be released before that send is complete.</remarks>
    /// <param name="byteCount">What the peer sends.</param>
    /// <param name="peer">Who sends.</param>
    /// <param name="label">Names the transfer in failures.</param>
    Loan Borrow(long byteCount, int peer, HopLabel label);

    /// <summary>Sends to one peer and receives from another (or the same) as one operation. Both may be this rank: a copy. The tensors must not overlap.</summary>
    Pending Rotate(in Tensor source, int toRank, in Tensor destination, int fromRank, HopLabel label);

    /// <summary>Sends part p of <paramref name="source"/> to rank p; receives the parts of all ranks in rank order. One step. The tensors must not overlap.</summary>
    /// <param name="source">P parts in rank order.</param>
    /// <param name="sourceCounts">Elements for each rank.</param>
    /// <param name="destination">P parts in rank order.</param>
    /// <param name="destinationCounts">Elements from each rank.</param>
    /// <param name="label">Names the transfer in failures.</param>
    Pending AllToAll(in Tensor source, ReadOnlySpan<long> sourceCounts, in Tensor destination, ReadOnlySpan<long> destinationCounts, HopLabel label);

    /// <summary>Collects the parts of all ranks, in rank order. <paramref name="source"/> may be this rank's part of <paramref name="destination"/>.</summary>
    /// <param name="source">This rank's part.</param>
    /// <param name="destination">P parts.</param>
    /// <param name="partCounts">Elements of each part, the same on every rank.</param>
    /// <param name="label">Names the transfer in failures.</param>
    Pending AllGather(in Tensor source, in Tensor destination, ReadOnlySpan<long> partCounts, HopLabel label);

    /// <summary>Sums over ranks; rank p receives part p of the sum. Each rank sends (P-1)/P of the data.</summary>
    /// <param name="source">P parts, Float32 or BFloat16.</param>
    /// <param name="destination">This rank's part, of the same type or Float32. May be its own part of <paramref name="source"/> if the types are equal.</param>
    /// <param name="partCounts">Elements of each part, the same on every rank.</param>
    /// <param name="label">Names the transfer in failures.</param>
    Pending ReduceScatter(in Tensor source, in Tensor destination, ReadOnlySpan<long> partCounts, HopLabel label);

    /// <summary>Sums over ranks, to every rank. <paramref name="destination"/> may be <paramref name="source"/> if the types are equal. Each rank sends 2 (P-1)/P of the data.</summary>
    Pending AllReduce(in Tensor source, in Tensor destination, HopLabel label);

    /// <summary>Gives every rank what <paramref name="root"/> has in <paramref name="tensor"/>.</summary>
    Pending Broadcast(in Tensor tensor, int root, HopLabel label);

    /// <summary>Complete when every rank has called it.</summary>
    Pending Barrier(HopLabel label);

    /// <summary>Frees everyone who waits on this communicator, now, from any thread. The others are told by whoever decides, and see this rank's connection end.</summary>
    void Abort(string reason);
}
