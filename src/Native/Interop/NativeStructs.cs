using System.Runtime.InteropServices;

namespace ActorRing.Native;

/// <summary>Mirror of <c>ar_context_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeContextOptions
{
    internal int Device;
    internal int DeviceIndex;
    internal int ThreadCount;
    internal int InstructionSet;
    internal int* Cpus;
}

/// <summary>Mirror of <c>ar_context_info</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeContextInfo
{
    internal int InstructionSet;
    internal int ThreadCount;
    internal long BufferBytes;
    internal long ScratchBytes;
    internal fixed byte Name[64];
}

/// <summary>Mirror of <c>ar_adamw_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeAdamWOptions
{
    internal double LearningRate;
    internal double Beta1;
    internal double Beta2;
    internal double Epsilon;
    internal double WeightDecay;
    internal double GradientScale;
    internal long Step;
}
