using System.Collections.Immutable;

namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>Name, element type and shape of a tensor in a file. Row-major; a shape without dims is a scalar, a dim of 0 an empty tensor.</summary>
public class TensorSpec
{
    /// <summary>Describes a tensor.</summary>
    /// <param name="name">As in the file, for example <c>model.norm.weight</c>.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="shape">Dims, outermost first.</param>
    /// <exception cref="ArgumentException">A dim is negative or the bytes exceed 2^63 - 1.</exception>
    public TensorSpec(string name, SafetensorsDtype dtype, ImmutableArray<long> shape)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!TryCountBytes(dtype, shape.AsSpan(), out var byteCount))
        {
            throw new ArgumentException($"tensor {Quote.Of(name)}: shape {Text(shape.AsSpan())} must have dims >= 0 and fewer than 2^63 bytes", nameof(shape));
        }
        Name = name;
        Dtype = dtype;
        Shape = shape;
        ByteCount = byteCount;
    }

    /// <summary>Name in the file.</summary>
    public string Name { get; }

    /// <summary>Element type.</summary>
    public SafetensorsDtype Dtype { get; }

    /// <summary>Dims, outermost first; empty for a scalar.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>Bytes of all elements together.</summary>
    public long ByteCount { get; }

    /// <summary>Rows are the slices along the outermost dim; a scalar is one row.</summary>
    public long RowCount => Shape.IsEmpty ? 1 : Shape[0];

    /// <summary>Bytes of one row; 0 if there are none.</summary>
    public long RowBytes => RowCount == 0 ? 0 : ByteCount / RowCount;

    /// <summary>For example <c>'model.norm.weight' BF16 [2048]</c>.</summary>
    public override string ToString() => $"{Quote.Of(Name)} {Dtype.Text()} {Text(Shape.AsSpan())}";

    /// <summary>For example <c>[2, 3]</c>.</summary>
    internal static string Text(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <summary>Bytes of a shape without overflow: false for a negative dim or a product of 2^63 and more.</summary>
    internal static bool TryCountBytes(SafetensorsDtype dtype, ReadOnlySpan<long> shape, out long byteCount)
    {
        Int128 product = dtype.ByteSize();
        byteCount = 0;
        foreach (var dim in shape)
        {
            // Both factors are below 2^63 here, so 128 bits hold the product exactly.
            product *= dim;
            if (dim < 0 || product > long.MaxValue)
            {
                return false;
            }
        }
        byteCount = (long)product;
        return true;
    }
}
