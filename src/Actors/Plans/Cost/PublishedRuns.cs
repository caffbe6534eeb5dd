namespace ActorRing.Actors.Plans.Cost;

/// <summary>The published runs that the model is checked against.</summary>
/// <remarks>
/// <para>
/// EasyContext (jzhang38/EasyContext, README "Speed"): Llama-2-7B on 8 A100, "for the first 5 training steps, so expect some variance". Its
/// zero3_offload.json: ZeRO 3, weights and optimiser in pinned host memory; gradient checkpointing of every layer; eager Transformers. `accelerate launch`
/// sets OMP_NUM_THREADS to 1, so each rank's AdamW has one host thread. Accumulation as in the authors' own train_scripts at the row's length and mode: 2 at
/// 64K data parallel and at 512K (Llama-2-7B), 4 at 64K and 128K ring (danube2). 700K has no script and is taken to be as 512K. Those scripts read 512K as
/// 512000 and 128K as 128000 tokens, and Llama's 64K as 65536.
/// </para>
/// <para>
/// LoongTrain (arXiv:2406.18485), 7B GQA, 128K on 32 A100 in 4 nodes, tokens/s a GPU: DS-Ulysses 629.9, Megatron-CP 706.2 (dK and dV in bfloat16), LoongTrain
/// with 8 x 4 838.1. From a summary, not from the paper.
/// </para>
/// <para>torchtitan: Llama-3-8B on 8 H100, float8 linear layers, whole-layer recomputation; tokens/s a GPU.</para>
/// </remarks>
public static class PublishedRuns
{
    private static readonly Interconnect A100Node = new(LinkProfiles.NvLink, LinkProfiles.InfiniBand200);
    // LoongTrain's nodes share four ports among eight GPUs.
    private static readonly Interconnect FourPortNode = new(LinkProfiles.NvLink, LinkProfiles.InfiniBand200, PortsPerNode: 4);

    private static readonly Interconnect H100Node = new(LinkProfiles.NvLink4, LinkProfiles.InfiniBand400);

    // LLaMA2-7B with 8 KV heads.
    private static readonly ModelCost Gqa7B = ModelPresets.Llama2With7B.Model with { KvHeads = 8 };

    /// <summary>All of them; those that are held first.</summary>
    public static IReadOnlyList<PublishedRun> All { get; } = new[]
    {
        EasyContext("64K data parallel", CostMode.DataParallel, 65536, 2, 10240, PublishedRole.Held),
        EasyContext("64K ring", CostMode.Zigzag, 65536, 4, 7816, PublishedRole.Held),
        EasyContext("128K ring", CostMode.Zigzag, 128000, 4, 4266, PublishedRole.Held),
        EasyContext("512K ring", CostMode.Zigzag, 512000, 2, 2133, PublishedRole.Held),
        EasyContext("700K ring", CostMode.Zigzag, 700000, 2, 1603, PublishedRole.Held),
        EasyContext("512K ring, a user's machine (issue 9)", CostMode.Zigzag, 512000, 2, 1748, PublishedRole.Calibrates),
        LoongTrain("128K LoongTrain 8 x 4", CostMode.Usp, 8, 4, 838.1),
        LoongTrain("128K Megatron-CP", CostMode.Zigzag, 1, 32, 706.2),
        LoongTrain("128K DS-Ulysses", CostMode.Ulysses, 32, 1, 629.9),
        Titan("32K, CP 1", 1, 32768, 3890),
        Titan("64K, CP 2", 2, 65536, 2540),
        Titan("128K, CP 4", 4, 131072, 1071),
        Titan("256K, CP 8", 8, 262144, 548),
    };

    private static PublishedRun EasyContext(string row, CostMode mode, long tokens, int accumulation, double tokensPerSecond, PublishedRole role)
    {
        var (data, context) = mode == CostMode.DataParallel ? (8, 1) : (1, 8);
        var setting = new ParallelSetting(
            mode, data, 1, context, 1, 3, new CostOffload(true, true, false), CostRecompute.Full, tokens, 1, accumulation, CostTypes.DeepSpeed,
            KernelTraffic.Eager, 1);
        var script = tokens == 700000 ? "the 512K script" : "danube2's script";
        var assumed = mode == CostMode.DataParallel || tokens == 512000 ? "nothing" : $"accumulation {accumulation}, as in {script}";
        return new PublishedRun(
            "EasyContext", row, ModelPresets.Llama2With7B.Model, setting, HardwareProfiles.A100With80, A100Node, tokensPerSecond, role, assumed);
    }

    private static PublishedRun LoongTrain(string row, CostMode mode, int heads, int context, double tokensPerSecondOfGpu)
    {
        var types = mode == CostMode.Zigzag ? CostTypes.DeepSpeed with { KvGradient = 2 } : CostTypes.DeepSpeed;
        var setting = new ParallelSetting(
            mode, 1, heads, context, 1, 1, CostOffload.None, CostRecompute.SelectivePlusPlus, 131072, 1, 32, types, KernelTraffic.Fused, 1);
        return new PublishedRun(
            "LoongTrain's table", row, Gqa7B, setting, HardwareProfiles.A100With80, FourPortNode, 32 * tokensPerSecondOfGpu, PublishedRole.Information,
            "one sequence over 32 GPUs, ZeRO 1, 4M tokens an update, selective checkpointing, fused kernels, four 200 Gbit/s ports a node");
    }

    private static PublishedRun Titan(string row, int context, long tokens, double tokensPerSecondOfGpu)
    {
        var mode = context == 1 ? CostMode.DataParallel : CostMode.AllGather;
        var setting = new ParallelSetting(
            mode, 8 / context, 1, context, 1, 3, CostOffload.None, CostRecompute.Full, tokens, 1, 1, CostTypes.BFloat16, KernelTraffic.Fused, 1);
        return new PublishedRun(
            "torchtitan", row, ModelPresets.Llama3With8B.Model, setting, HardwareProfiles.H100With80, H100Node, 8 * tokensPerSecondOfGpu, PublishedRole.Calibrates,
            "bfloat16 linear layers instead of float8, a 700 W instead of a 500 W card, gathering of KV overlapped, batch 1");
    }
}
