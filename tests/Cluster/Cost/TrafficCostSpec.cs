using ActorRing.Actors.Plans.Cost;

namespace ActorRing.Cluster.Specs.Cost;

/// <summary>Bytes and hops against hand-computed ones.</summary>
public class TrafficCostSpec
{
    // Llama-3-8B, 65536 tokens over 8 ranks: T = 8192, K H = 1024. K and V of a rank: 2 x 8192 x 1024 numbers = 32 MiB in bfloat16, 64 MiB of float32
    // gradients.
    private const double KvBlock = 32 << 20;
    private const double KvGradient = 64 << 20;

    [Theory]
    [InlineData(CostMode.Ring)]
    [InlineData(CostMode.Zigzag)]
    [InlineData(CostMode.Stripe)]
    public void Ring_must_send_seven_blocks_forward_and_bring_gradients_home(CostMode mode)
    {
        var traffic = Of(Problem.OnEight(mode));

        Assert.Equal(new TrafficCost(7 * KvBlock, (7 * KvBlock) + (8 * KvGradient), 7, 15, KvBlock, KvGradient, 0), traffic);
    }

    [Fact]
    public void Double_ring_must_send_seventeen_blocks_backward_and_cross_windows_once_each_way()
    {
        // P = 8, w = 4: dK, dV make 4 inner hops in each of 2 windows, and one outer hop after each: 10; K, V make 7 as in any ring. 17 blocks in all,
        // instead of 15.
        var traffic = Of(Problem.OnEight(CostMode.DoubleRing), FourInANode);

        Assert.Equal(17, traffic.BackwardHops);
        Assert.Equal((7 * KvBlock) + (10 * KvGradient), traffic.BackwardBytes);
        Assert.Equal((2 * KvBlock) + (2 * KvGradient), traffic.BetweenNodesBytes);
    }

    [Fact]
    public void Ring_across_nodes_must_send_everything_over_the_boundary_that_a_double_ring_sends_once()
    {
        var ring = Of(Problem.OnEight(CostMode.Zigzag), FourInANode);
        var windows = Of(Problem.OnEight(CostMode.DoubleRing), FourInANode);

        Assert.Equal(ring.ForwardBytes + ring.BackwardBytes, ring.BetweenNodesBytes);
        Assert.True(windows.BetweenNodesBytes < ring.BetweenNodesBytes / 3);
    }

    [Fact]
    public void Ulysses_must_send_seven_eighths_of_q_k_v_and_output_each_way()
    {
        // T (2 N H + 2 K H) = 8192 x (8192 + 2048) numbers of 2 bytes.
        var traffic = Of(Problem.OnEight(CostMode.Ulysses));

        Assert.Equal(8192.0 * 10240 * 2 * 7 / 8, traffic.ForwardBytes);
        Assert.Equal(traffic.ForwardBytes, traffic.BackwardBytes);
        Assert.Equal((4, 4), (traffic.ForwardHops, traffic.BackwardHops));
    }

    [Fact]
    public void Ulysses_must_replicate_kv_heads_when_ranks_outnumber_them()
    {
        // 16 ranks, 8 KV heads: each KV head twice. T = 4096.
        var traffic = Of(Problem.Setting(CostMode.Ulysses, heads: 16));

        Assert.Equal(4096.0 * (8192 + (2 * 16 * 128)) * 2 * 15 / 16, traffic.ForwardBytes);
    }

    [Fact]
    public void Usp_must_rotate_replicated_blocks_and_exchange_heads()
    {
        // head 4 x context 2, 8 KV heads: nothing is replicated; one rotation of the rank's own share.
        var traffic = Of(Problem.OnEight(CostMode.Usp));

        Assert.Equal(KvBlock, traffic.KvBlockBytes);
        Assert.Equal(KvBlock + (8192.0 * 10240 * 2 * 3 / 4), traffic.ForwardBytes);
    }

    [Fact]
    public void All_gather_must_gather_twice_and_scatter_gradients_once()
    {
        var traffic = Of(Problem.OnEight(CostMode.AllGather));

        Assert.Equal(7 * KvBlock, traffic.ForwardBytes);
        Assert.Equal(7 * (KvBlock + KvGradient), traffic.BackwardBytes);
    }

    [Fact]
    public void Lightseq_must_take_half_the_steps() => Assert.Equal(4, Of(Problem.OnEight(CostMode.LightSeq)).ForwardHops);

    [Fact]
    public void Full_recomputation_must_repeat_forward_transfers_and_selective_must_not()
    {
        var traffic = Of(Problem.OnEight(CostMode.Zigzag));

        Assert.Equal(traffic.LayerBytes(CostRecompute.SelectivePlusPlus) + traffic.ForwardBytes, traffic.LayerBytes(CostRecompute.Full));
        Assert.Equal(traffic.LayerHops(CostRecompute.None) + 7, traffic.LayerHops(CostRecompute.Full));
    }

    [Fact]
    public void Zigzag_must_pad_to_two_chunks_a_rank_where_other_layouts_take_one_token_more()
    {
        Assert.Equal(8, Problem.Setting(CostMode.Zigzag, context: 4, tokens: 25).LocalTokens);
        Assert.Equal(7, Problem.Setting(CostMode.Ring, context: 4, tokens: 25).LocalTokens);
    }

    private static Interconnect FourInANode => new(LinkProfiles.NvLink with { RanksPerNode = 4 }, LinkProfiles.InfiniBand200);

    private static TrafficCost Of(ParallelSetting setting, Interconnect? links = null) => TrafficCost.Of(Problem.Llama8B, setting, links ?? Problem.Node);
}
