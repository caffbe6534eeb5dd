using ActorRing.Actors.Plans.Cost;

namespace ActorRing.Cluster.Specs.Cost;

/// <summary>Settings that specs vary.</summary>
public static class Problem
{
    internal static ModelCost Llama7B => ModelPresets.Llama2With7B.Model;

    internal static ModelCost Llama8B => ModelPresets.Llama3With8B.Model;

    internal static Interconnect Node => new(LinkProfiles.NvLink, LinkProfiles.InfiniBand200);

    internal static ParallelSetting Setting(CostMode mode, int heads = 1, int context = 1, long tokens = 65536, int data = 1, int zero = 0, int window = 1) => new(
        mode, data, heads, context, window, zero, CostOffload.None, CostRecompute.Full, tokens, 1, 1, CostTypes.BFloat16, KernelTraffic.Fused, 1);

    /// <summary>A legal setting of each mode that shares a sequence among eight ranks.</summary>
    internal static ParallelSetting OnEight(CostMode mode, long tokens = 65536, int zero = 0) => mode switch
    {
        CostMode.DataParallel => Setting(mode, tokens: tokens, data: 8, zero: zero),
        CostMode.Ulysses => Setting(mode, heads: 8, tokens: tokens, zero: zero),
        CostMode.Usp => Setting(mode, heads: 4, context: 2, tokens: tokens, zero: zero),
        CostMode.DoubleRing => Setting(mode, context: 8, tokens: tokens, zero: zero, window: 4),
        _ => Setting(mode, context: 8, tokens: tokens, zero: zero),
    };

    internal static PlanRequest Request(long tokens, int gpus = 8, ModelCost? model = null) => new(
        model ?? Llama7B, HardwareProfiles.A100With80, Node, gpus, tokens, 1, gpus, CostTypes.BFloat16, null, null, null, CostOffload.None, 4);

    public static TheoryData<CostMode> Modes
    {
        get
        {
            var modes = new TheoryData<CostMode>();
            foreach (var mode in CostModes.All)
            {
                modes.Add(mode);
            }

            return modes;
        }
    }
}
