using ActorRing.Actors.Plans.Cost;

namespace ActorRing.Cluster.Specs.Cost;

/// <summary>Time: what hides, what does not, and what cannot be otherwise.</summary>
public class TimeCostSpec
{
    [Fact]
    public void Attention_and_products_must_take_what_their_flops_over_their_share_of_peak_take()
    {
        var time = Of(Problem.Setting(CostMode.DataParallel) with { Recompute = CostRecompute.None });
        var gpu = HardwareProfiles.A100With80;

        // Llama-2-7B: 6 N_mm a token; attention 2 L N H S² forward, 2.5 times that backward.
        Assert.Equal(6.0 * 6_607_077_376 * 65536 / (312e12 * gpu.MatmulFraction), time.Matmul, 1e-9);
        var forward = 2.0 * 32 * 4096 * 65536 * 65537 / 312e12;
        Assert.Equal((forward / gpu.AttentionForwardFraction) + (2.5 * forward / gpu.AttentionBackwardFraction), time.Attention, 1e-9);
    }

    [Fact]
    public void Ring_must_hide_its_hops_on_nvlink_and_wait_for_them_on_ethernet()
    {
        var setting = Problem.OnEight(CostMode.Zigzag);
        var fast = Of(setting);
        var slow = Of(setting, new Interconnect(LinkProfiles.Ethernet100, LinkProfiles.Ethernet100));

        Assert.True(fast.HopSeconds < fast.RingStepSeconds);
        Assert.True(slow.HopSeconds > slow.RingStepSeconds);

        // Only the last dK, dV hop of 256 MiB has nothing to hide behind.
        Assert.Equal(32 * LinkProfiles.NvLink.SecondsOf(256 << 20), fast.ExposedExchange, 1e-12);
        Assert.True(slow.ExposedExchange > 10 * fast.ExposedExchange);
    }

    [Fact]
    public void Longer_sequences_must_hide_what_shorter_ones_cannot()
    {
        double Share(long tokens) => Of(Problem.OnEight(CostMode.Zigzag, tokens), new Interconnect(LinkProfiles.InfiniBand200, LinkProfiles.InfiniBand200)) is var time
            ? time.ExposedExchange / time.Total : 0;

        Assert.True(Share(16384) > Share(65536));
        Assert.True(Share(65536) > Share(262144));
    }

    [Fact]
    public void Ports_that_a_node_shares_must_slow_the_rings_that_leave_it_together_and_no_other()
    {
        var shared = new Interconnect(LinkProfiles.NvLink, LinkProfiles.InfiniBand200, PortsPerNode: 4);

        Assert.Equal(LinkProfiles.InfiniBand200.BytesPerSecond, shared.RingLink(32, 1).BytesPerSecond);
        Assert.Equal(LinkProfiles.InfiniBand200.BytesPerSecond / 2, shared.RingLink(32, 8).BytesPerSecond);
        Assert.Equal(LinkProfiles.NvLink, shared.RingLink(8, 8));
    }

    [Theory]
    [MemberData(nameof(Problem.Modes), MemberType = typeof(Problem))]
    public void Faster_hardware_must_never_be_slower(CostMode mode)
    {
        var setting = Problem.OnEight(mode, zero: 3) with { Offload = new CostOffload(true, true, true) };
        var slow = TimeCost.Of(Problem.Llama8B, setting, HardwareProfiles.A100With80, Problem.Node);
        var links = new Interconnect(LinkProfiles.NvLink4, LinkProfiles.InfiniBand200);

        Assert.True(TimeCost.Of(Problem.Llama8B, setting, HardwareProfiles.A100With80, links).Total <= slow.Total);
        Assert.True(TimeCost.Of(Problem.Llama8B, setting, HardwareProfiles.H200With141, Problem.Node).Total < slow.Total);
    }

    [Fact]
    public void Parts_must_add_up_and_mfu_must_be_tokens_times_flops_over_peak()
    {
        var setting = Problem.OnEight(CostMode.Usp, zero: 3);
        var time = Of(setting);
        var parts = time.Matmul + time.Attention + time.Elementwise + time.ExposedExchange + time.ExposedShards + time.HostCopies + time.Optimizer;

        Assert.Equal(parts, time.Total * HardwareProfile.SustainedFraction, 1e-9);
        Assert.Equal(65536 / time.Total, time.TokensPerSecond, 1e-9);
        Assert.Equal(time.TokensPerSecond * Problem.Llama7B.CausalFlopsPerToken(65536) / (8 * 312e12), time.CausalMfu, 1e-12);
        Assert.Equal(time.TokensPerSecond * Problem.Llama7B.FullFlopsPerToken(65536) / (8 * 312e12), time.FullMfu, 1e-12);
    }

    [Fact]
    public void Contiguous_ring_must_take_the_slowest_ranks_time()
    {
        var (ring, zigzag) = (Of(Problem.OnEight(CostMode.Ring)), Of(Problem.OnEight(CostMode.Zigzag)));

        Assert.Equal(8 / 15.0, zigzag.Attention / ring.Attention, 1e-4);
    }

    private static TimeCost Of(ParallelSetting setting, Interconnect? links = null) => TimeCost.Of(Problem.Llama7B, setting, HardwareProfiles.A100With80, links ?? Problem.Node);
}
