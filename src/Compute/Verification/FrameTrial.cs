using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Verification;

/// <summary>How bytes go from one rank to others.</summary>
public enum FrameWay
{
    /// <summary>Sent to the next rank.</summary>
    Send,

    /// <summary>All send to the right and receive from the left.</summary>
    Rotate,

    /// <summary>Read by the next rank where they are.</summary>
    Loan,

    /// <summary>Read by the next rank where they are, and sent on from there.</summary>
    LentOn,

    /// <summary><see cref="ICommunicator.AllToAll"/>.</summary>
    AllToAll,

    /// <summary><see cref="ICommunicator.AllGather"/>.</summary>
    AllGather,

    /// <summary><see cref="ICommunicator.ReduceScatter"/>.</summary>
    ReduceScatter,

    /// <summary><see cref="ICommunicator.AllReduce"/>.</summary>
    AllReduce,

    /// <summary><see cref="ICommunicator.Broadcast"/>.</summary>
    Broadcast,
}

/// <summary>A transfer, and which bit of it changes under way.</summary>
/// <param name="Way">How.</param>
/// <param name="Culprit">The rank whose bytes they are.</param>
/// <param name="Count">Floats of each rank.</param>
/// <param name="Bit">Of those that go to another rank; null for none.</param>
public sealed record FrameFlip(FrameWay Way, int Culprit, int Count, long? Bit)
{
    /// <summary>One of the ways in turn, all else by chance: one in eight is large.</summary>
    public static FrameFlip Draw(int seed)
    {
        var random = new Random(seed);
        var (culprit, count) = (random.Next(FrameTrial.Ranks), random.Next(8) == 0 ? random.Next(20_000, 400_000) : random.Next(FrameTrial.Ranks, 3_000));
        return new FrameFlip((FrameWay)(seed % Enum.GetValues<FrameWay>().Length), culprit, count, random.NextInt64(32L * count));
    }
}

/// <summary>Three ranks as threads of this process that send each other bytes of which one bit changes between the start of the transfer and their use.</summary>
public static class FrameTrial
{
    /// <summary>Threads of a trial.</summary>
    public const int Ranks = 3;

    private static readonly HopLabel Hop = new(2, 1, HopChannel.KeyValue);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Moves bytes, one transfer after the other; the group ends with the first failure.</summary>
    /// <param name="options">Of the group.</param>
    /// <param name="transfers">What is moved.</param>
    /// <returns>What each rank that saw a failure says of it.</returns>
    /// <exception cref="TimeoutException">A rank hangs.</exception>
    /// <exception cref="AggregateException">A rank failed otherwise than by a transfer.</exception>
    public static IReadOnlyList<CommunicationException> Run(CommunicatorOptions options, IReadOnlyList<FrameFlip> transfers)
    {
        ArgumentNullException.ThrowIfNull(transfers);
        var (blames, faults, rendezvous) = (new List<CommunicationException>(), new List<Exception>(), new InMemoryRendezvous());
        ManualResetEventSlim[] begun = [.. transfers.Select(_ => new ManualResetEventSlim())];

        // Ranks that are threads read each other's memory, also those that have not heard yet that it is over: it stays until all are gone.
        Memory[] memories = [.. Enumerable.Range(0, Ranks).Select(_ => new Memory())];
        Thread[] threads = [.. Enumerable.Range(0, Ranks).Select(rank => new Thread(() => Live(rank)) { IsBackground = true, Name = $"rank {rank}" })];
        threads.ToList().ForEach(thread => thread.Start());
        if (threads.FirstOrDefault(thread => !thread.Join(Patience)) is { } hanging)
        {
            throw new TimeoutException($"{hanging.Name} hangs");
        }

        memories.ToList().ForEach(memory => memory.Dispose());
        begun.ToList().ForEach(one => one.Dispose());
        return faults.Count == 0 ? blames : throw new AggregateException(faults);

        void Live(int rank)
        {
            try
            {
                using var communicator = Communicator.Connect(options, rank, Ranks, epoch: 1, rendezvous);
                for (var at = 0; at < transfers.Count; at++)
                {
                    if (rank != transfers[at].Culprit && transfers[at].Bit is not null && !begun[at].Wait(Patience))
                    {
                        throw new TimeoutException($"rank {transfers[at].Culprit} has not begun");
                    }

                    new Mover(communicator, memories[rank], transfers[at], begun[at].Set).Move();
                }
            }
            catch (Exception failure)
            {
                lock (blames)
                {
                    if (failure is CommunicationException blame)
                    {
                        blames.Add(blame);
                    }
                    else
                    {
                        faults.Add(failure);
                    }
                }
            }
        }
    }

    // Buffers of one rank.
    private sealed class Memory : IDisposable
    {
        private readonly ComputeDevice _device = NativeBackend.LoadCpu().Open(1);
        private readonly List<DeviceBuffer> _buffers = [];

        internal Tensor Floats(long count, float value = 0)
        {
            _buffers.Add(_device.CreateBuffer(count * sizeof(float)));
            var tensor = Tensor.Of(_buffers[^1], 0, ElementType.Float32, count);
            tensor.HostSpan<float>().Fill(value);
            return tensor;
        }

        internal DeviceBuffer Wrap(nint address, long bytes) => _device.Wrap(address, bytes);

        public void Dispose()
        {
            _buffers.ForEach(buffer => buffer.Dispose());
            _device.Dispose();
        }
    }

    // One transfer as one rank does it. The culprit starts first; then one bit of what it sends changes, and the others start.
    private sealed class Mover(ICommunicator communicator, Memory memory, FrameFlip flip, Action begun)
    {
        private readonly int _rank = communicator.Rank;
        private readonly int _count = flip.Count / Ranks * Ranks;

        internal void Move()
        {
            var (right, left, next) = ((_rank + 1) % Ranks, (_rank + Ranks - 1) % Ranks, (flip.Culprit + 1) % Ranks);
            var share = _count / Ranks;
            var source = memory.Floats(_count, 1.5f + _rank);
            var all = memory.Floats((long)_count * Ranks);
            var destination = all.Slice(0, 0, _count);
            var even = Enumerable.Repeat((long)share, Ranks).ToArray();
            var whole = Enumerable.Repeat((long)_count, Ranks).ToArray();
            switch (flip.Way)
            {
                case FrameWay.Send or FrameWay.Loan or FrameWay.LentOn when _rank == flip.Culprit:
                    Flip(communicator.Send(source, next, Hop), source, 0, _count);
                    break;
                case FrameWay.Send when _rank == next:
                    communicator.Receive(destination, flip.Culprit, Hop).Wait();
                    break;
                case FrameWay.Loan when _rank == next:
                    var loan = communicator.Borrow(_count * sizeof(float), flip.Culprit, Hop);
                    loan.Wait();
                    loan.Release();
                    break;
                case FrameWay.LentOn when _rank == next:
                    LendOn((next + 1) % Ranks);
                    break;
                case FrameWay.LentOn:
                    communicator.Receive(destination, next, Hop).Wait();
                    break;
                case FrameWay.Rotate:
                    Flip(communicator.Rotate(source, right, destination, left, Hop), source, 0, _count);
                    break;
                case FrameWay.AllToAll:
                    Flip(communicator.AllToAll(source, even, destination, even, Hop), source, right * share, share);
                    break;
                case FrameWay.AllGather:
                    Flip(communicator.AllGather(source, all, whole, Hop), source, 0, _count);
                    break;
                case FrameWay.ReduceScatter:
                    Flip(communicator.ReduceScatter(source, destination.Slice(0, 0, share), even, Hop), source, left * share, share);
                    break;
                case FrameWay.AllReduce:
                    Flip(communicator.AllReduce(source, destination, Hop), source, right * share, share);
                    break;
                case FrameWay.Broadcast:
                    var sent = _rank == flip.Culprit ? source : destination;
                    Flip(communicator.Broadcast(sent, flip.Culprit, Hop), sent, 0, _count);
                    break;
            }

            communicator.Barrier(Hop).Wait();
        }

        private void Flip(Pending started, in Tensor source, int from, int among)
        {
            if (_rank == flip.Culprit && flip.Bit is { } bit)
            {
                source.HostSpan<int>()[from + (int)(bit / 32 % among)] ^= 1 << (int)(bit % 32);
            }

            if (_rank == flip.Culprit)
            {
                begun();
            }

            started.Wait();
        }

        private void LendOn(int to)
        {
            var loan = communicator.Borrow(_count * sizeof(float), flip.Culprit, Hop);
            using var buffer = memory.Wrap(loan.Wait(), _count * sizeof(float));
            var on = communicator.Send(Tensor.Of(buffer, 0, ElementType.Float32, _count), to, Hop);
            loan.Release();
            on.Wait();
        }
    }
}
