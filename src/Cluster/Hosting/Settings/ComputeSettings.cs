namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>What computes.</summary>
/// <param name="Device">Which library, on what.</param>
/// <param name="Threads">Threads of the kernels; 0 for all cores that the process may use.</param>
/// <param name="Isa">Instruction set of the CPU kernels.</param>
/// <param name="DType">Type of activations and matrix products; master weights are float32 in any case.</param>
public sealed record ComputeSettings(ComputeDevice Device, int Threads, InstructionSet Isa, ComputeType DType);

/// <summary>Which library computes, and where.</summary>
public enum ComputeDevice
{
    /// <summary>Own kernels on the CPU.</summary>
    Cpu,

    /// <summary>libtorch on the CPU.</summary>
    Torch,

    /// <summary>libtorch on a GPU.</summary>
    Cuda,
}

/// <summary>Instruction set of the CPU kernels.</summary>
public enum InstructionSet
{
    /// <summary>The best that the machine has.</summary>
    Auto,

    /// <summary>AVX-512 with bfloat16 dot products.</summary>
    Avx512Bf16,

    /// <summary>AVX-512.</summary>
    Avx512,

    /// <summary>AVX2 with FMA.</summary>
    Avx2,

    /// <summary>Plain C++.</summary>
    Portable,
}

/// <summary>Type of activations and matrix products.</summary>
public enum ComputeType
{
    /// <summary>IEEE binary32.</summary>
    Fp32,

    /// <summary>The upper half of binary32.</summary>
    Bf16,
}
