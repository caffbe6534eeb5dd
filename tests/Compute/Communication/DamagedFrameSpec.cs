using ActorRing.Compute.Communication;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>Bits that change between the start of a transfer and the use of its bytes: all of them are found, and the right rank is blamed.</summary>
public class DamagedFrameSpec
{
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
            var flip = FrameFlip.Draw(seed);
            var blames = FrameTrial.Run(RankGroup.Options(transport) with { Verifies = true }, [flip]);
            found += blames.Any(blame => blame.Reason == CommunicationFailure.Damaged && blame.Peer == flip.Culprit) ? 1 : 0;
            Assert.True(
                transport == TransportKind.Gloo || blames.All(blame => blame.Peer == flip.Culprit), $"seed {seed}: {flip}: {string.Join("; ", blames.Select(blame => blame.Message))}");
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

        var transfers = Enumerable.Range(0, 90).Select(seed => new FrameFlip((FrameWay)(seed % 9), seed % FrameTrial.Ranks, FrameTrial.Ranks * (1 + (seed * 977 % 40_000)), Bit: null));
        Assert.Empty(FrameTrial.Run(RankGroup.Options(transport) with { Verifies = true }, [.. transfers]));
    }

    // Otherwise the first spec could not fail.
    [Fact]
    public void Flipped_bit_must_pass_when_nobody_looks()
    {
        var options = RankGroup.Options(TransportKind.SharedMemory) with { Verifies = false };
        Assert.Empty(FrameTrial.Run(options, [new FrameFlip(FrameWay.AllGather, Culprit: 1, Count: 300, Bit: 5)]));
    }

    [Fact]
    public void Nccl_must_be_refused_with_a_reason_when_transfers_are_to_be_verified()
    {
        var options = RankGroup.Options(TransportKind.Nccl) with { Verifies = true };
        Assert.Throws<NotSupportedException>(() => CommunicatorEndpoint.Open(options, 0, 1, 1));
    }
}
