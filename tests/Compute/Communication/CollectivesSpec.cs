using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>Every operation on every transport, ranks as threads: against plain references, bit by bit.</summary>
public class CollectivesSpec
{
    public static TheoryData<TransportKind, int> Groups
    {
        get
        {
            var rows = new TheoryData<TransportKind, int>();
            foreach (var transport in TransportsOfThreads.All)
            {
                foreach (var size in new[] { 1, 2, 3, 4, 8 })
                {
                    rows.Add(transport, size);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Collectives_must_equal_their_plain_references_when_ranks_are_threads(TransportKind transport, int size) =>
        RankGroup.Run(RankGroup.Options(transport), size, CollectiveChecks.All);

    [Fact]
    public void Reference_sums_must_depend_on_their_order()
    {
        const int Count = 1000;
        var forward = CollectiveChecks.Sum(4, Count, 5);
        var backward = CollectiveChecks.Values(3, Count, 5);
        for (var p = 2; p >= 0; p--)
        {
            for (var i = 0; i < Count; i++)
            {
                backward[i] += CollectiveChecks.Value(p, i, 5);
            }
        }

        Assert.NotEqual(forward, backward);
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Counters_must_hold_the_payload_exactly_when_operations_are_done(TransportKind transport, int size)
    {
        const long Count = 10_007;
        RankGroup.Run(RankGroup.Options(transport), size, self =>
        {
            var communicator = self.Communicator;
            var next = (communicator.Rank + 1) % size;
            var previous = (communicator.Rank + size - 1) % size;
            communicator.Rotate(self.Floats(Count), next, self.Floats(Count), previous, new HopLabel(HopChannel.KeyValue)).Wait();
            var hop = size == 1 ? 0 : Count * sizeof(float);
            Assert.Equal((hop, hop), (communicator.Counters.SentBytes, communicator.Counters.ReceivedBytes));
            Assert.Equal(size == 2 ? (hop, hop) : (hop, 0), communicator.CountersWith(next));

            // Reduce-scatter sends every part but its own, and so does the gather of the sums.
            var before = communicator.Counters;
            communicator.AllReduce(self.Floats(Count), self.Floats(Count), new HopLabel(HopChannel.Gradient)).Wait();
            var after = communicator.Counters;
            var own = (Count / size) + (communicator.Rank < Count % size ? 1 : 0);
            Assert.Equal((Count - own + (own * (size - 1))) * sizeof(float), after.SentBytes - before.SentBytes);
            Assert.Equal(2, after.Operations);
        });
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Steady_state_must_allocate_no_managed_memory_when_buffers_are_known(TransportKind transport, int size)
    {
        RankGroup.Run(RankGroup.Options(transport), size, self =>
        {
            var communicator = self.Communicator;
            var next = (communicator.Rank + 1) % size;
            var previous = (communicator.Rank + size - 1) % size;
            var source = self.Floats(5000);
            var destination = self.Floats(5000);
            var parts = new long[size];
            parts[0] = 5000;
            var label = new HopLabel(HopChannel.KeyValue);
            var allocated = 0L;
            for (var round = 0; round < 3; round++)
            {
                allocated = GC.GetAllocatedBytesForCurrentThread();
                communicator.Rotate(source, next, destination, previous, label).Wait();
                communicator.AllReduce(source, destination, label).Wait();
                communicator.AllGather(communicator.Rank == 0 ? source : default, destination, parts, label).Wait();
                communicator.Broadcast(source, 0, label).Wait();
                communicator.Barrier(label).Wait();
                allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            }

            Assert.Equal(0, allocated);
        });
    }
}

/// <summary>The transports that this machine can run between threads of one process.</summary>
internal static class TransportsOfThreads
{
    internal static IReadOnlyList<TransportKind> All { get; } = NativeCommunicator.IsAvailable(TransportKind.Gloo, out _)
        ? [TransportKind.Loopback, TransportKind.SharedMemory, TransportKind.Gloo]
        : [TransportKind.Loopback, TransportKind.SharedMemory];
}
