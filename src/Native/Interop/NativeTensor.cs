using System.Runtime.InteropServices;

namespace ActorRing.Native;

/// <summary>Mirror of <c>ar_tensor</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeTensor
{
    internal nint Buffer;
    internal long OffsetBytes;
    internal int Type;
    internal int Rank;
    internal Dims Shape;
    internal Dims Stride;
}
