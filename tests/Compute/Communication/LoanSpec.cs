using System.Diagnostics;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>Bytes that stay with their owner while other ranks read them and lend them on.</summary>
public class LoanSpec
{
    private const int Count = 100_003;

    private static readonly HopLabel Hop = new(3, 1, HopChannel.KeyValue);

    [Theory]
    [InlineData(TransportKind.Loopback)]
    [InlineData(TransportKind.SharedMemory)]
    public void Loan_must_be_read_in_place_by_every_rank_and_end_with_the_last_when_it_is_lent_on(TransportKind transport)
    {
        using var reading = new ManualResetEventSlim();
        using var written = new ManualResetEventSlim();
        using var allRead = new CountdownEvent(3);
        RankGroup.Run(RankGroup.Options(transport), 4, self =>
        {
            var rank = self.Communicator.Rank;
            if (rank == 0)
            {
                var own = self.Floats(Numbers(5));
                var sent = self.Communicator.Send(own, 1, Hop);
                Assert.True(reading.Wait(RankGroup.Patience));
                Assert.False(sent.IsComplete);
                // Against the rules, and seen by whoever reads in place.
                own.HostSpan<float>()[Count - 1] = 7;
                written.Set();
                sent.Wait();
                Assert.Equal(0, allRead.CurrentCount);
                Assert.Equal(Count * sizeof(float), self.Communicator.Counters.SentBytes);
                self.Communicator.Barrier(Hop).Wait();
                return;
            }

            var loan = self.Communicator.Borrow(Count * sizeof(float), rank - 1, Hop);
            using (var buffer = self.Device.Wrap(loan.Wait(), Count * sizeof(float)))
            {
                var lent = Tensor.Of(buffer, 0, ElementType.Float32, Count);
                Assert.Equal(Numbers(5), lent.HostSpan<float>().ToArray());
                var on = rank < 3 ? self.Communicator.Send(lent, rank + 1, Hop) : default;
                if (rank == 3)
                {
                    reading.Set();
                    Assert.True(written.Wait(RankGroup.Patience));
                    Assert.Equal(7, lent.HostSpan<float>()[Count - 1]);
                }

                allRead.Signal();
                loan.Release();
                Assert.Throws<ArgumentException>(loan.Release);
                on.Wait();
            }

            self.Communicator.Barrier(Hop).Wait();
            var hop = (long)Count * sizeof(float);
            Assert.Equal((rank < 3 ? hop : 0, hop), (self.Communicator.Counters.SentBytes, self.Communicator.Counters.ReceivedBytes));
        });
    }

    [Fact]
    public void Loans_must_be_lent_on_many_times_when_ranks_reuse_their_buffers() => RankGroup.Run(RankGroup.Options(TransportKind.SharedMemory), 3, self => LendOn(self, rounds: 200));

    [Fact]
    public void Nobody_must_be_taken_for_gone_when_signals_interrupt_the_ranks()
    {
        using var storm = new SignalStorm();
        RankGroup.Run(RankGroup.Options(TransportKind.SharedMemory), 3, self => storm.Over(() => LendOn(self, rounds: 1_000)));
        Assert.InRange(storm.Sent, 1_000, long.MaxValue);
    }

    private static void LendOn(TestRank self, int rounds)
    {
        var (rank, right, left) = (self.Communicator.Rank, (self.Communicator.Rank + 1) % 3, (self.Communicator.Rank + 2) % 3);
        var own = self.Floats(Count);
        for (var round = 0; round < rounds; round++)
        {
            self.Device.Fill((10 * round) + rank, own);
            var sent = self.Communicator.Send(own, right, Hop);
            var first = self.Communicator.Borrow(Count * sizeof(float), left, Hop);
            using var passing = self.Device.Wrap(first.Wait(), Count * sizeof(float));
            var on = self.Communicator.Send(Tensor.Of(passing, 0, ElementType.Float32, Count), right, Hop);
            var second = self.Communicator.Borrow(Count * sizeof(float), left, Hop);
            using var last = self.Device.Wrap(second.Wait(), Count * sizeof(float));
            Assert.Equal(-1, Tensor.Of(passing, 0, ElementType.Float32, Count).HostSpan<float>().IndexOfAnyExcept((10 * round) + left));
            Assert.Equal(-1, Tensor.Of(last, 0, ElementType.Float32, Count).HostSpan<float>().IndexOfAnyExcept((10 * round) + right));
            first.Release();
            second.Release();
            on.Wait();
            sent.Wait();
        }
    }

    [Fact]
    public void Owner_must_be_told_when_a_reader_behind_the_next_rank_gives_up() => Chain(
        owner: (self, sent, _) => Assert.Equal(CommunicationFailure.PeerLost, Assert.Throws<CommunicationException>(sent.Wait).Reason),
        reader: (self, _, _) => self.Communicator.Abort("a reader dies"));

    [Fact]
    public void Reader_must_not_trust_what_it_read_when_the_owner_gives_up_meanwhile()
    {
        using var over = new ManualResetEventSlim();
        Chain(
            owner: (self, _, own) =>
            {
                self.Communicator.Abort("the owner dies");
                own.Buffer!.Dispose();
                over.Set();
            },
            reader: (self, loan, lent) =>
            {
                Assert.True(over.Wait(RankGroup.Patience));
                Assert.Equal(5, lent.HostSpan<float>()[0]); // still mapped here, whatever its owner did
                Assert.Equal(CommunicationFailure.PeerLost, Assert.Throws<CommunicationException>(loan.Release).Reason);
            });
    }

    [Fact]
    public void Owner_must_wait_for_longer_than_a_deadline_when_the_loan_is_lent_on_within_it()
    {
        var (lendsOn, letsGo) = (TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(5));
        var clock = Stopwatch.StartNew();
        RankGroup.Run(RankGroup.Options(TransportKind.SharedMemory, TimeSpan.FromSeconds(4)), 3, self =>
        {
            var rank = self.Communicator.Rank;
            if (rank == 0)
            {
                clock.Restart();
                self.Communicator.Send(self.Floats(Numbers(5)), 1, Hop).Wait();
                Assert.True(clock.Elapsed > letsGo);
                return;
            }

            var loan = self.Communicator.Borrow(Count * sizeof(float), rank - 1, Hop);
            using var buffer = self.Device.Wrap(loan.Wait(), Count * sizeof(float));
            SpinWait.SpinUntil(() => clock.Elapsed > (rank == 1 ? lendsOn : letsGo), RankGroup.Patience);
            var on = rank == 1 ? self.Communicator.Send(Tensor.Of(buffer, 0, ElementType.Float32, Count), 2, Hop) : default;
            loan.Release();
            on.Wait();
        });
    }

    // Rank 0 owns bytes, rank 1 lends them on, rank 2 reads them when `owner` and `reader` run. Rank 1 fails in any case.
    private static void Chain(Action<TestRank, Pending, Tensor> owner, Action<TestRank, Loan, Tensor> reader)
    {
        using var reading = new ManualResetEventSlim();
        RankGroup.Run(RankGroup.Options(TransportKind.SharedMemory), 3, self =>
        {
            var rank = self.Communicator.Rank;
            if (rank == 0)
            {
                var own = self.Floats(Numbers(5));
                var sent = self.Communicator.Send(own, 1, Hop);
                Assert.True(reading.Wait(RankGroup.Patience));
                owner(self, sent, own);
                return;
            }

            var loan = self.Communicator.Borrow(Count * sizeof(float), rank - 1, Hop);
            using var buffer = self.Device.Wrap(loan.Wait(), Count * sizeof(float));
            var lent = Tensor.Of(buffer, 0, ElementType.Float32, Count);
            if (rank == 2)
            {
                reading.Set();
                reader(self, loan, lent);
                return;
            }

            var on = self.Communicator.Send(lent, 2, Hop);
            var error = Assert.Throws<CommunicationException>(() =>
            {
                loan.Release();
                on.Wait();
            });
            Assert.Equal(CommunicationFailure.PeerLost, error.Reason);
        });
    }

    private static float[] Numbers(float first) => [.. Enumerable.Range(0, Count).Select(i => first + i)];
}
