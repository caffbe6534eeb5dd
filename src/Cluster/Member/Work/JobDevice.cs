using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Native;
using Asked = ActorRing.Cluster.Hosting.Settings;

namespace ActorRing.Cluster.Member.Work;

/// <summary>Opens the device that a job asks for.</summary>
internal static class JobDevice
{
    /// <param name="settings">Of the job.</param>
    /// <param name="ranks">That share the machine's cores where the settings leave the number of threads open.</param>
    /// <exception cref="UsageException">This machine lacks the device or the instruction set.</exception>
    internal static Native.ComputeDevice Open(ComputeSettings settings, int ranks = 1)
    {
        try
        {
            return OpenAsAsked(settings, ranks);
        }
        catch (NotSupportedException error)
        {
            var key = settings.Device == Asked.ComputeDevice.Cpu ? "compute.isa" : "compute.device";
            throw new UsageException($"{key}: {error.Message}; allowed: what actorring doctor lists");
        }
    }

    private static Native.ComputeDevice OpenAsAsked(ComputeSettings settings, int ranks)
    {
        var threads = settings.Threads > 0 ? settings.Threads : Math.Max(1, Environment.ProcessorCount / ranks);
        return settings.Device switch
        {
            Asked.ComputeDevice.Torch => NativeBackend.LoadTorch().Open(threads),
            Asked.ComputeDevice.Cuda => NativeBackend.LoadTorch().Open(threads, cudaIndex: 0),
            _ => NativeBackend.LoadCpu().Open(threads, settings.Isa switch
            {
                Asked.InstructionSet.Avx512Bf16 => Native.InstructionSet.Avx512BFloat16,
                Asked.InstructionSet.Avx512 => Native.InstructionSet.Avx512,
                Asked.InstructionSet.Avx2 => Native.InstructionSet.Avx2,
                Asked.InstructionSet.Portable => Native.InstructionSet.Portable,
                _ => Native.InstructionSet.Auto,
            }),
        };
    }

    internal static ElementType TypeOf(ComputeSettings settings) => settings.DType == ComputeType.Bf16 ? ElementType.BFloat16 : ElementType.Float32;
}
