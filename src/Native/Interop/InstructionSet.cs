namespace ActorRing.Native;

/// <summary>Which compiled copy of the CPU kernels a context uses; mirror of <c>ar_isa</c>.</summary>
public enum InstructionSet
{
    /// <summary>The best this machine has.</summary>
    Auto = 0,

    /// <summary>Baseline x86-64.</summary>
    Portable = 1,

    /// <summary>AVX2 and FMA.</summary>
    Avx2 = 2,

    /// <summary>AVX-512 F, BW, DQ, VL.</summary>
    Avx512 = 3,

    /// <summary>AVX-512 with the bf16 dot product.</summary>
    Avx512BFloat16 = 4,

    /// <summary>The bf16 dot-product kernels with the instruction emulated in float32: slow, for tests.</summary>
    Avx512BFloat16Emulated = 5,
}
