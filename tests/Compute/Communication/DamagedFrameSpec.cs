using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>Bits that change between the start of a transfer and the use of its bytes: all of them are found, and the right rank is blamed.</summary>
public class DamagedFrameSpec
{
    private const int Ranks = 3;

    private static readonly HopLabel Hop = new(2, 1, HopChannel.KeyValue);

    private enum Way
    {
        Send,
        Rotate,
        Loan,
        LentOn,
        AllToAll,
        AllGather,
        ReduceScatter,
        AllReduce,
        Broadcast,
    }

    // Each one ends its communicator: a thousand groups of three ranks.
    [Theory]
    [InlineData(TransportKind.Loopback, 1000)]
    [InlineData(TransportKind.SharedMemory, 1000)]
    [InlineData(TransportKind.Gloo, 50)]
    public void Flipped_bit_must_be_found_and_its_owner_blamed_whatever_is_sent(TransportKind transport, int flips)
    {
        if (!TransportsOfThreads.All.Contains(transport))
        {
            return;
        }

        var found = 0;
        for (var seed = 0; seed < flips; seed++)
        {
            var random = new Random(seed);
            var (way, culprit, count) = ((Way)(seed % 9), random.Next(Ranks), random.Next(8) == 0 ? random.Next(20_000, 400_000) : random.Next(Ranks, 3_000));
            var bit = random.NextInt64(32L * count);
            var blames = Flip(transport, way, culprit, count, bit);
            found += blames.Any(blame => blame.Reason == CommunicationFailure.Damaged && blame.Peer == culprit) ? 1 : 0;
            Assert.True(
                transport == TransportKind.Gloo || blames.All(blame => blame.Peer == culprit), $"seed {seed}: {way} of {count} floats, bit {bit} of rank {culprit}: {string.Join("; ", blames.Select(blame => blame.Message))}");
        }

        Assert.Equal(flips, found);
    }

    [Theory]
    [InlineData(TransportKind.Loopback)]
    [InlineData(TransportKind.SharedMemory)]
    [InlineData(TransportKind.Gloo)]
    public void Nothing_must_be_found_when_nothing_changes(TransportKind transport)
    {
        if (!TransportsOfThreads.All.Contains(transport))
        {
            return;
        }

        RankGroup.Run(RankGroup.Options(transport) with { Verifies = true }, Ranks, self =>
        {
            for (var seed = 0; seed < 90; seed++)
            {
                Move(self, (Way)(seed % 9), culprit: seed % Ranks, count: Ranks * (1 + (seed * 977 % 40_000)), () => { });
            }
        });
    }

    // Otherwise the first spec could not fail.
    [Fact]
    public void Flipped_bit_must_pass_when_nobody_looks()
    {
        var options = RankGroup.Options(TransportKind.SharedMemory) with { Verifies = false };
        Assert.Empty(Flip(options, Way.AllGather, culprit: 1, count: 300, bit: 5));
    }

    [Fact]
    public void Nccl_must_be_refused_with_a_reason_when_transfers_are_to_be_verified()
    {
        var options = RankGroup.Options(TransportKind.Nccl) with { Verifies = true };
        Assert.Throws<NotSupportedException>(() => CommunicatorEndpoint.Open(options, 0, 1, 1));
    }

    private static List<CommunicationException> Flip(TransportKind transport, Way way, int culprit, int count, long bit) =>
        Flip(RankGroup.Options(transport) with { Verifies = true }, way, culprit, count, bit);

    private static List<CommunicationException> Flip(CommunicatorOptions options, Way way, int culprit, int count, long bit)
    {
        using var isFlipped = new ManualResetEventSlim();
        var blames = new List<CommunicationException>();
        RankGroup.Run(options, Ranks, self =>
        {
            try
            {
                if (self.Communicator.Rank != culprit)
                {
                    Assert.True(isFlipped.Wait(RankGroup.Patience));
                }

                Move(self, way, culprit, count / Ranks * Ranks, isFlipped.Set, bit);
            }
            catch (CommunicationException failure)
            {
                lock (blames)
                {
                    blames.Add(failure);
                }
            }
        });
        return blames;
    }

    // The culprit starts first; then one bit of what it sends changes, and the others start.
    private static void Move(TestRank self, Way way, int culprit, int count, Action flipped, long bit = -1)
    {
        var (rank, communicator) = (self.Communicator.Rank, self.Communicator);
        var (right, left) = ((rank + 1) % Ranks, (rank + Ranks - 1) % Ranks);
        var numbers = new float[count];
        Array.Fill(numbers, 1.5f + rank);
        var (source, destination) = (self.Floats(numbers), self.Floats((long)count * Ranks));
        var even = Enumerable.Repeat((long)count / Ranks, Ranks).ToArray();
        var whole = Enumerable.Repeat((long)count, Ranks).ToArray();
        var next = (culprit + 1) % Ranks;
        switch (way)
        {
            case Way.Send when rank == culprit:
                Flipping(communicator.Send(source, next, Hop), 0, count).Wait();
                break;
            case Way.Send when rank == next:
                communicator.Receive(destination.Slice(0, 0, count), culprit, Hop).Wait();
                break;
            case Way.Rotate:
                Flipping(communicator.Rotate(source, right, destination.Slice(0, 0, count), left, Hop), 0, count).Wait();
                break;
            case Way.Loan when rank == culprit:
                Flipping(communicator.Send(source, next, Hop), 0, count).Wait();
                break;
            case Way.Loan when rank == next:
                var loan = communicator.Borrow(count * sizeof(float), culprit, Hop);
                loan.Wait();
                loan.Release();
                break;
            case Way.LentOn when rank == culprit:
                Flipping(communicator.Send(source, next, Hop), 0, count).Wait();
                break;
            case Way.LentOn when rank == next:
                LendOn(self, culprit, (next + 1) % Ranks, count);
                break;
            case Way.LentOn:
                communicator.Receive(destination.Slice(0, 0, count), next, Hop).Wait();
                break;
            case Way.AllToAll:
                Flipping(communicator.AllToAll(source, even, destination.Slice(0, 0, count), even, Hop), right * (count / Ranks), count / Ranks).Wait();
                break;
            case Way.AllGather:
                Flipping(communicator.AllGather(source, destination, whole, Hop), 0, count).Wait();
                break;
            case Way.ReduceScatter:
                Flipping(communicator.ReduceScatter(source, destination.Slice(0, 0, count / Ranks), even, Hop), left * (count / Ranks), count / Ranks).Wait();
                break;
            case Way.AllReduce:
                Flipping(communicator.AllReduce(source, destination.Slice(0, 0, count), Hop), right * (count / Ranks), count / Ranks).Wait();
                break;
            case Way.Broadcast:
                Flipping(communicator.Broadcast(rank == culprit ? source : destination.Slice(0, 0, count), culprit, Hop), 0, count).Wait();
                break;
        }

        communicator.Barrier(Hop).Wait();

        Pending Flipping(Pending started, int from, int among)
        {
            if (rank == culprit && bit >= 0)
            {
                var at = from + (int)(bit / 32 % among);
                var host = source.HostSpan<float>();
                host[at] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(host[at]) ^ (1 << (int)(bit % 32)));
            }

            if (rank == culprit)
            {
                flipped();
            }

            return started;
        }
    }

    private static void LendOn(TestRank self, int from, int to, int count)
    {
        var loan = self.Communicator.Borrow(count * sizeof(float), from, Hop);
        using var buffer = self.Device.Wrap(loan.Wait(), count * sizeof(float));
        var on = self.Communicator.Send(Tensor.Of(buffer, 0, ElementType.Float32, count), to, Hop);
        loan.Release();
        on.Wait();
    }
}
