using System.Runtime.CompilerServices;

namespace ActorRing.Native;

/// <summary>Four sizes or strides, laid out as in <c>ar_tensor</c>.</summary>
[InlineArray(4)]
internal struct Dims
{
    private long _first;
}
