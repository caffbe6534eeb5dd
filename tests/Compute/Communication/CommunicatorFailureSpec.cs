using System.Diagnostics;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>What goes wrong between ranks, and what each of them is told.</summary>
public class CommunicatorFailureSpec
{
    private static readonly HopLabel Hop = new(5, 2, HopChannel.KeyValueGradient);

    public static TheoryData<TransportKind> Transports => [.. TransportsOfThreads.All];

    [Theory]
    [MemberData(nameof(Transports))]
    public void Both_sides_must_name_the_mismatch_when_byte_counts_differ(TransportKind transport) => RankGroup.Run(RankGroup.Options(transport), 2, self =>
    {
        var rank = self.Communicator.Rank;
        var error = Assert.Throws<CommunicationException>(() =>
            (rank == 0 ? self.Communicator.Send(self.Floats(100), 1, Hop) : self.Communicator.Receive(self.Floats(99), 0, Hop)).Wait());
        Assert.Equal((CommunicationFailure.Mismatch, 1 - rank, Hop), (error.Reason, error.Peer, error.Label));
        Assert.Contains("400", error.Message, StringComparison.Ordinal);
        Assert.Contains("396", error.Message, StringComparison.Ordinal);
    });

    [Theory]
    [MemberData(nameof(Transports))]
    public void Both_sides_must_name_the_mismatch_when_operations_differ(TransportKind transport) => RankGroup.Run(RankGroup.Options(transport), 2, self =>
    {
        var tensor = self.Floats(8);
        var error = Assert.Throws<CommunicationException>(() =>
            (self.Communicator.Rank == 0 ? self.Communicator.Broadcast(tensor, 0, Hop) : self.Communicator.Receive(tensor, 0, Hop)).Wait());
        Assert.Equal((CommunicationFailure.Mismatch, 1 - self.Communicator.Rank), (error.Reason, error.Peer));
    });

    [Theory]
    [MemberData(nameof(Transports))]
    public void Deadline_must_name_operation_peer_and_hop_when_a_peer_does_not_take_part(TransportKind transport)
    {
        using var over = new ManualResetEventSlim();
        RankGroup.Run(RankGroup.Options(transport, TimeSpan.FromMilliseconds(150)), 3, self =>
        {
            if (self.Communicator.Rank == 1)
            {
                Assert.True(over.Wait(RankGroup.Patience)); // alive, but takes no part
                return;
            }

            if (self.Communicator.Rank == 2)
            {
                return;
            }

            var clock = Stopwatch.StartNew();
            var error = Assert.Throws<CommunicationException>(() => self.Communicator.Rotate(self.Floats(10), 1, self.Floats(10), 1, Hop).Wait());
            over.Set();
            Assert.Equal((CommunicationFailure.TimedOut, TransportOperation.Rotate, 1, Hop), (error.Reason, error.Operation, error.Peer, error.Label));
            Assert.InRange(clock.ElapsedMilliseconds, 149, 1150);
            Assert.Contains("layer 5 step 2 KeyValueGradient", error.Message, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData(TransportKind.Loopback)]
    [InlineData(TransportKind.SharedMemory)]
    public void Deadline_must_name_the_rank_behind_the_delay_when_the_peer_waits_for_it_as_well(TransportKind transport)
    {
        var meeting = new InMemoryRendezvous();
        using var waiting = new ManualResetEventSlim();
        using var over = new CountdownEvent(2);
        RankGroup.RunThreads(3, rank =>
        {
            using var self = RankGroup.Open(RankGroup.Options(transport, rank == 2 ? TimeSpan.FromMilliseconds(150) : RankGroup.Patience), rank, 3, meeting);
            if (rank == 0)
            {
                Assert.True(over.Wait(RankGroup.Patience)); // alive, but sends nothing
                return;
            }

            if (rank == 2)
            {
                Assert.True(waiting.Wait(RankGroup.Patience));
            }

            var pending = self.Communicator.Receive(self.Floats(10), rank - 1, Hop);
            waiting.Set();
            var error = Assert.Throws<CommunicationException>(pending.Wait);
            over.Signal();
            Assert.Equal((rank == 2 ? CommunicationFailure.TimedOut : CommunicationFailure.PeerLost, 0, Hop), (error.Reason, error.Peer, error.Label));
        });
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public void Abort_must_free_every_waiter_within_1_s_when_called_from_another_thread(TransportKind transport)
    {
        using var over = new CountdownEvent(1);
        RankGroup.Run(RankGroup.Options(transport), 2, self =>
        {
            if (self.Communicator.Rank == 1)
            {
                Assert.True(over.Wait(RankGroup.Patience));
                return;
            }

            using var waiting = new CountdownEvent(3);
            var freed = new long[3];
            var aborted = 0L;
            RankGroup.RunThreads(4, thread =>
            {
                if (thread == 3)
                {
                    waiting.Wait();
                    // The waiters say that they are about to wait; that they really do shows in the counter of operations.
                    SpinWait.SpinUntil(() => self.Communicator.Counters.Operations == 3);
                    Volatile.Write(ref aborted, Stopwatch.GetTimestamp());
                    self.Communicator.Abort("a test");
                    return;
                }

                var pending = self.Communicator.Receive(self.Floats(1 << 20), 1, new HopLabel(thread, 0, HopChannel.KeyValue));
                waiting.Signal();
                var error = Assert.Throws<CommunicationException>(pending.Wait);
                freed[thread] = Stopwatch.GetTimestamp();
                Assert.Equal((CommunicationFailure.Aborted, thread), (error.Reason, error.Label.Layer));
                Assert.Contains("a test", error.Message, StringComparison.Ordinal);
            });
            over.Signal();
            Assert.All(freed, time => Assert.InRange(Stopwatch.GetElapsedTime(aborted, time).TotalMilliseconds, 0, 1000));
            var later = Assert.Throws<CommunicationException>(() => self.Communicator.Barrier(Hop));
            Assert.Equal(CommunicationFailure.Aborted, later.Reason);
        });
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public void Peer_must_be_told_when_the_other_side_gives_up(TransportKind transport)
    {
        using var ready = new ManualResetEventSlim();
        RankGroup.Run(RankGroup.Options(transport), 2, self =>
        {
            if (self.Communicator.Rank == 0)
            {
                Assert.True(ready.Wait(RankGroup.Patience));
                self.Communicator.Abort("enough");
                return;
            }

            var pending = self.Communicator.Receive(self.Floats(64), 0, Hop);
            ready.Set();
            var error = Assert.Throws<CommunicationException>(pending.Wait);
            Assert.Equal((CommunicationFailure.PeerLost, 0, Hop), (error.Reason, error.Peer, error.Label));
        });
    }

    [Theory]
    [InlineData(TransportKind.Loopback)]
    [InlineData(TransportKind.SharedMemory)]
    public void Others_must_go_on_when_a_rank_leaves_in_good_order(TransportKind transport)
    {
        using var left = new ManualResetEventSlim();
        RankGroup.Run(RankGroup.Options(transport), 3, self =>
        {
            self.Communicator.Barrier(Hop).Wait();
            if (self.Communicator.Rank == 2)
            {
                self.Communicator.Dispose();
                left.Set();
                return;
            }

            Assert.True(left.Wait(RankGroup.Patience));
            var other = 1 - self.Communicator.Rank;
            for (var i = 0; i < 100; i++)
            {
                self.Communicator.Rotate(self.Floats(16), other, self.Floats(16), other, Hop).Wait();
            }

            self.Communicator.Rotate(self.Floats(16), other, self.Floats(16), other, Hop).Wait();
            if (self.Communicator.Rank == 0)
            {
                var error = Assert.Throws<CommunicationException>(() => self.Communicator.Receive(self.Floats(16), 2, Hop).Wait());
                Assert.Equal((CommunicationFailure.PeerLost, 2), (error.Reason, error.Peer));
            }
        });
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public void Sends_must_progress_when_the_sender_computes_and_does_not_wait(TransportKind transport)
    {
        using var received = new ManualResetEventSlim();
        RankGroup.Run(RankGroup.Options(transport), 2, self =>
        {
            if (self.Communicator.Rank == 1)
            {
                self.Communicator.Receive(self.Floats(1 << 20), 0, Hop).Wait();
                received.Set();
                return;
            }

            var pending = self.Communicator.Send(self.Floats(1 << 20), 1, Hop);
            // Attending, never in a call of the communicator.
            Assert.True(SpinWait.SpinUntil(() => received.IsSet, RankGroup.Patience), "the send did not progress");
            pending.Wait();
        });
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public void Buffers_must_stay_alive_until_the_wait_when_they_are_disposed_in_flight(TransportKind transport) => RankGroup.Run(RankGroup.Options(transport), 2, self =>
    {
        const int Count = 1 << 20;
        var other = 1 - self.Communicator.Rank;
        using var source = self.Device.CreateBuffer(Count);
        using var destination = self.Device.CreateBuffer(Count);
        var bytes = new byte[Count];
        Array.Fill(bytes, (byte)(7 + self.Communicator.Rank));
        var sent = Tensor.Of(source, 0, ElementType.Float32, Count / 4);
        self.Device.Write<byte>(bytes, Tensor.Of(source, 0, ElementType.Float32, Count / 4));
        var pending = self.Communicator.Rotate(sent, other, Tensor.Of(destination, 0, ElementType.Float32, Count / 4), other, Hop);
        source.Dispose();
        destination.Dispose();
        // New buffers take addresses that a freed one would have given back; their contents must not travel.
        using var next = self.Device.CreateBuffer(Count);
        pending.Wait();
        var echo = self.Floats(Count / 4);
        self.Communicator.Rotate(Tensor.Of(next, 0, ElementType.Float32, Count / 4), other, echo, other, Hop).Wait();
        Assert.Equal(0, echo.HostSpan<uint>().IndexOfAnyExcept(0u) + 1);
    });

    [Theory]
    [MemberData(nameof(Transports))]
    public void Strided_tensors_and_second_waits_must_be_refused_without_harm(TransportKind transport) => RankGroup.Run(RankGroup.Options(transport), 2, self =>
    {
        var other = 1 - self.Communicator.Rank;
        var matrix = self.Floats(64).Reshape(8, 8);
        Assert.Throws<ArgumentException>(() => self.Communicator.Send(matrix.Slice(1, 0, 4), other, Hop));
        Assert.Throws<ArgumentException>(() => self.Communicator.Send(matrix, self.Communicator.Rank, Hop));
        Assert.Throws<ArgumentException>(() => self.Communicator.AllGather(matrix, matrix, [64], Hop));
        Assert.Throws<ArgumentException>(() => self.Communicator.Rotate(matrix, other, matrix, other, Hop));
        var pending = self.Communicator.Rotate(matrix, other, self.Floats(64), other, Hop);
        pending.Wait();
        Assert.Throws<ArgumentException>(pending.Wait);
        default(Pending).Wait();
        self.Communicator.Barrier(Hop).Wait();
    });
}
