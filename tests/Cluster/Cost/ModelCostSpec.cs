using ActorRing.Actors.Plans.Cost;

namespace ActorRing.Cluster.Specs.Cost;

/// <summary>Sizes against what the models' authors publish and against counting by hand.</summary>
public class ModelCostSpec
{
    [Theory]
    [InlineData("llama-2-7b", 6_738_415_616, 6_607_077_376)]
    [InlineData("llama-2-13b", 13_015_864_320, 12_851_609_600)]
    [InlineData("llama-3-8b", 8_030_261_248, 7_504_658_432)]
    [InlineData("danube2-1.8b", 1_831_201_280, 1_749_155_840)]
    [InlineData("qwen3-8b", 8_190_735_360, 7_568_097_280)]
    public void ModelCost_must_count_the_parameters_that_the_authors_publish(string name, long parameters, long matmul)
    {
        var model = ModelPresets.All.Single(preset => preset.Name == name).Model;

        Assert.Equal(parameters, model.Parameters);
        Assert.Equal(matmul, model.MatmulWeights);
    }

    [Fact]
    public void ModelCost_must_count_half_of_attention_in_one_convention_and_all_of_it_in_the_other()
    {
        // 6 N + 6 L N H S: 6 x 6607077376 + 6 x 32 x 4096 x 65536, the diagonal aside.
        Assert.Equal(39_642_464_256.0 + 51_539_607_552, Problem.Llama7B.CausalFlopsPerToken(65536), 1e6);
        Assert.Equal(39_642_464_256.0 + (2 * 51_539_607_552), Problem.Llama7B.FullFlopsPerToken(65536));
    }

    [Theory]
    [InlineData(7, 0)]
    [InlineData(7, 3)]
    [InlineData(64, 64)]
    [InlineData(65, 64)]
    public void Pairs_must_be_those_that_counting_finds_when_some_layers_have_a_window(int tokens, int window)
    {
        var model = new ModelCost(3, 8, 2, 1, 4, 8, 16, Tied: false, Window: window, WindowedLayers: 2);
        long Count(int reach) => Enumerable.Range(0, tokens).Sum(query => Enumerable.Range(0, query + 1).LongCount(key => query - key < reach));

        Assert.Equal((Count(tokens) + (2.0 * Count(window == 0 ? tokens : window))) / 3, model.PairsPerLayer(tokens), 1e-9);
    }

    [Fact]
    public void Attention_shares_must_be_those_of_the_published_kernel_table()
    {
        // 2 x 8192² x 4096 FLOPs forward, 373.4 times a second: 205.3 TFLOP/s; backward 174.4 by difference.
        Assert.Equal(205.3e12, HardwareProfiles.A100With80.AttentionForwardFraction * 312e12, 0.1e12);
        Assert.Equal(174.4e12, HardwareProfiles.A100With80.AttentionBackwardFraction * 312e12, 0.1e12);
        Assert.Equal(325.2e12, HardwareProfiles.H100With80.AttentionForwardFraction * 989.4e12, 0.1e12);
        Assert.Equal(288.0e12, HardwareProfiles.H100With80.AttentionBackwardFraction * 989.4e12, 0.1e12);
    }

    // ring-flash-attention's table: eight GPUs of 8192 tokens, 32 heads of 128, 8 KV heads. Merging is calibrated on the A100's zigzag row; the others check
    // it.
    [Theory]
    [InlineData("a100-80g", CostMode.Zigzag, 10.6, 0.03)]
    [InlineData("h100-80g", CostMode.Zigzag, 17.4, 0.03)]
    [InlineData("a100-80g", CostMode.Ring, 6.2, 0.12)]
    [InlineData("h100-80g", CostMode.Ring, 10.4, 0.12)]
    public void Ring_kernels_must_take_as_long_as_the_published_table_says(string gpu, CostMode mode, double perSecond, double tolerance)
    {
        var attention = new ModelCost(1, 4096, 32, 8, 128, 1, 1, Tied: true);
        var setting = Problem.Setting(mode, context: 8) with
        {
            Recompute = CostRecompute.None, Kernels = KernelTraffic.Eager with { WidthBytes = 0, QueryKeyBytes = 0, MlpBytes = 0 },
        };
        var time = TimeCost.Of(attention, setting, HardwareProfiles.All.Single(profile => profile.Name == gpu), new Interconnect(LinkProfiles.NvLink4, LinkProfiles.InfiniBand400));

        Assert.Equal(1, 1 / (time.Attention + time.Elementwise) / perSecond, tolerance);
    }
}
