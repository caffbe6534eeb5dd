using ActorRing.Actors.Messages;
using ActorRing.Compute.Data;
using ActorRing.Compute.Training.Guards;

namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>How settings spell what the program enumerates; the one place for each.</summary>
internal static class Spellings
{
    public static IReadOnlyDictionary<string, ComputeDevice> Device { get; } = new Dictionary<string, ComputeDevice>
    {
        ["cpu"] = ComputeDevice.Cpu, ["torch"] = ComputeDevice.Torch, ["cuda"] = ComputeDevice.Cuda,
    };

    public static IReadOnlyDictionary<string, InstructionSet> Isa { get; } = new Dictionary<string, InstructionSet>
    {
        ["auto"] = InstructionSet.Auto, ["avx512bf16"] = InstructionSet.Avx512Bf16, ["avx512"] = InstructionSet.Avx512, ["avx2"] = InstructionSet.Avx2,
        ["portable"] = InstructionSet.Portable,
    };

    public static IReadOnlyDictionary<string, ComputeType> DType { get; } = new Dictionary<string, ComputeType>
    {
        ["float32"] = ComputeType.Fp32, ["bfloat16"] = ComputeType.Bf16,
    };

    public static IReadOnlyDictionary<string, RecomputeMode> Recompute { get; } = new Dictionary<string, RecomputeMode>
    {
        ["none"] = RecomputeMode.None, ["full"] = RecomputeMode.Full, ["selective++"] = RecomputeMode.SelectivePlusPlus,
    };

    public static IReadOnlyDictionary<string, NonFinitePolicy> NonFinite { get; } = new Dictionary<string, NonFinitePolicy>
    {
        ["stop"] = NonFinitePolicy.Stop, ["retry"] = NonFinitePolicy.Retry, ["skip"] = NonFinitePolicy.Skip, ["rollback"] = NonFinitePolicy.RollBack,
    };

    public static IReadOnlyDictionary<string, LrSchedule> Schedule { get; } = new Dictionary<string, LrSchedule>
    {
        ["constant"] = LrSchedule.Constant, ["linear"] = LrSchedule.Linear, ["cosine"] = LrSchedule.Cosine,
    };

    public static IReadOnlyDictionary<string, GrantGranularity> Granularity { get; } = new Dictionary<string, GrantGranularity>
    {
        ["per-step"] = GrantGranularity.PerStep, ["per-layer"] = GrantGranularity.PerLayer, ["per-hop"] = GrantGranularity.PerHop,
    };

    public static IReadOnlyDictionary<string, TensorTransport> Transport { get; } = new Dictionary<string, TensorTransport>
    {
        ["shm"] = TensorTransport.Shm, ["gloo"] = TensorTransport.Gloo,
    };

    public static IReadOnlyDictionary<string, SourceFormat> Format { get; } = new Dictionary<string, SourceFormat>
    {
        ["auto"] = SourceFormat.Auto, ["text"] = SourceFormat.Text, ["jsonl"] = SourceFormat.JsonLines, ["tokens"] = SourceFormat.Tokens,
    };

    public static IReadOnlyDictionary<string, Choice> Special { get; } = new Dictionary<string, Choice>
    {
        ["true"] = Choice.Yes, ["false"] = Choice.No, ["auto"] = Choice.Auto,
    };
}

/// <summary>Yes, no, or left to what is there.</summary>
internal enum Choice
{
    Auto,
    Yes,
    No,
}
