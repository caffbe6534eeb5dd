using System.Text.Json;
using ActorRing.Actors.Plans.Cost;
using ActorRing.Cluster.Specs.Cli;

namespace ActorRing.Cluster.Specs.Cost;

/// <summary>Memory against the plan of the real step, and against what cannot be otherwise.</summary>
[Collection(OneConsole.Name)]
public class MemoryCostSpec
{
    [Theory]
    [InlineData("float32", "none", CostRecompute.None)]
    [InlineData("float32", "full", CostRecompute.Full)]
    [InlineData("bfloat16", "selective++", CostRecompute.SelectivePlusPlus)]
    [InlineData("bfloat16", "full", CostRecompute.Full)]
    public void Unsharded_memory_must_be_what_the_step_itself_plans(string type, string policy, CostRecompute recompute)
    {
        using var folder = new JobFolder();
        folder.WriteJob($"compute.dtype = {type}\nactivation_checkpoint.mode = \"{policy}\"");
        var run = CommandRun.Of("plan", folder.Job, "--json");
        Assert.Equal(0, run.ExitCode);
        var plan = JsonDocument.Parse(run.Output).RootElement[0].GetProperty("plan");

        // The job of JobFolder: one layer of 32 and 48 numbers, one head, 260 ids, two rows of 32 tokens.
        var types = type == "float32" ? CostTypes.SinglePrecision : CostTypes.BFloat16;
        var setting = Problem.Setting(CostMode.DataParallel, tokens: 32) with { Batch = 2, Recompute = recompute, Types = types };
        var memory = MemoryCost.Of(new ModelCost(1, 32, 1, 1, 32, 48, 260, Tied: false), setting);
        long Part(string name) => memory.Device.Single(part => part.Name == name).Bytes;
        var activations = plan.GetProperty("activations");

        Assert.Equal(plan.GetProperty("weights").GetInt64(), Part("weights"));
        Assert.Equal(plan.GetProperty("gradients").GetInt64(), Part("gradients"));
        Assert.Equal(plan.GetProperty("optimizer").GetInt64(), Part("optimizer"));
        Assert.Equal(activations.GetProperty("inputs").GetInt64(), Part("inputs"));

        // Tensors of the real arena start at multiples of a cache line.
        Assert.Equal(1, (double)activations.GetProperty("kept").GetInt64() / Part("kept activations"), 0.05);
        Assert.Equal(1, (double)activations.GetProperty("workspace").GetInt64() / Part("workspace"), 0.05);
    }

    [Fact]
    public void Parts_must_be_those_computed_by_hand()
    {
        // Llama-2-7B, ring of 8, 65536 tokens, ZeRO 3, full recomputation: T = 8192.
        var memory = MemoryCost.Of(Problem.Llama7B, Problem.OnEight(CostMode.Zigzag, zero: 3));
        long Part(string name) => memory.Device.Single(part => part.Name == name).Bytes;

        Assert.Equal(6_738_415_616 * 8 / 8, Part("optimizer"));
        Assert.Equal(33L * 8192 * 4096 * 2, Part("kept activations"));

        // A KV block is 128 MiB in bfloat16 and 256 MiB of gradients; two buffers of each.
        Assert.Equal(2L * (128 + 256) << 20, Part("kv in flight"));

        // 131 rows of 32000 logits, float32 and bfloat16.
        Assert.Equal(131L * 32000 * 6, Part("logits"));
    }

    // W = 6738415616 over 8 GPUs, in units of W / 8; a layer has 202383360 weights and the vocabulary 131072000: what stages 2 and 3 hold whole.
    [Theory]
    [InlineData(0, 48, 32, 64, 0, 0)]
    [InlineData(1, 20, 32, 8, 0, 0)]
    [InlineData(2, 20, 4, 8, 0, 4)]
    [InlineData(3, 6, 4, 8, 2, 4)]
    public void Each_stage_must_shard_what_it_says(int stage, long weights, long gradients, long optimizer, long gathered, long reduced)
    {
        const long eighth = 6_738_415_616 / 8;
        const long whole = (2 * 202_383_360) + 131_072_000;
        var memory = MemoryCost.Of(Problem.Llama7B, Problem.OnEight(CostMode.Zigzag, zero: stage));
        long Part(string name) => memory.Device.Single(part => part.Name == name).Bytes;

        Assert.Equal((weights * eighth) + (gathered * whole), Part("weights"));
        Assert.Equal((gradients * eighth) + (reduced * whole), Part("gradients"));
        Assert.Equal(optimizer * eighth, Part("optimizer"));
    }

    [Theory]
    [MemberData(nameof(Problem.Modes), MemberType = typeof(Problem))]
    public void A_longer_sequence_must_never_take_less(CostMode mode)
    {
        long before = 0;
        for (long tokens = 1000; tokens < 3_000_000; tokens = tokens * 5 / 4)
        {
            var bytes = MemoryCost.Of(Problem.Llama8B, Problem.OnEight(mode, tokens, zero: 3)).DeviceBytes;
            Assert.True(bytes >= before, $"{tokens} tokens: {bytes} after {before}");
            before = bytes;
        }
    }

    [Theory]
    [InlineData(CostMode.Ring)]
    [InlineData(CostMode.Zigzag)]
    [InlineData(CostMode.Stripe)]
    [InlineData(CostMode.LightSeq)]
    [InlineData(CostMode.AllGather)]
    [InlineData(CostMode.Ulysses)]
    public void More_gpus_must_never_take_more_of_each(CostMode mode)
    {
        for (var stage = 0; stage <= 3; stage++)
        {
            var before = long.MaxValue;
            for (var ranks = 2; ranks <= 32; ranks *= 2)
            {
                var setting = mode == CostMode.Ulysses
                    ? Problem.Setting(mode, heads: ranks, tokens: 131072, zero: stage) : Problem.Setting(mode, context: ranks, tokens: 131072, zero: stage);
                var bytes = MemoryCost.Of(Problem.Llama7B, setting).DeviceBytes;
                Assert.True(bytes <= before, $"stage {stage}, {ranks} ranks: {bytes} after {before}");
                before = bytes;
            }
        }
    }

    [Fact]
    public void Offload_must_move_bytes_to_the_host_and_lose_none_of_the_optimiser()
    {
        var here = Problem.OnEight(CostMode.Zigzag, zero: 3);
        var away = here with { Offload = new CostOffload(true, true, true) };
        var (device, host) = (MemoryCost.Of(Problem.Llama7B, away), MemoryCost.Of(Problem.Llama7B, away).Host);

        Assert.Equal(0, device.Device.Single(part => part.Name == "optimizer").Bytes);
        Assert.Equal(16L * 6_738_415_616 / 8, host.Single(part => part.Name == "optimizer on the host").Bytes);
        Assert.Equal(2L * 6_738_415_616 / 8, host.Single(part => part.Name == "weights on the host").Bytes);
        Assert.Equal(31L * 8192 * 4096 * 2, host.Single(part => part.Name == "activations on the host").Bytes);
        Assert.True(device.DeviceBytes < MemoryCost.Of(Problem.Llama7B, here).DeviceBytes);
    }
}
