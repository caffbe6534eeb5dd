using System.Collections.Immutable;

namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>A tensor that a header declares, with the place of its bytes.</summary>
public sealed class TensorEntry : TensorSpec
{
    internal TensorEntry(string name, SafetensorsDtype dtype, ImmutableArray<long> shape, long begin)
        : base(name, dtype, shape) => Begin = begin;

    /// <summary>First byte, counted from the end of the header.</summary>
    public long Begin { get; }

    /// <summary>One past the last byte, counted from the end of the header.</summary>
    public long End => Begin + ByteCount;
}
