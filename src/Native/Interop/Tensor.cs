using System.Diagnostics.CodeAnalysis;

namespace ActorRing.Native;

/// <summary>
/// A strided view into a <see cref="DeviceBuffer"/>: a value, cheap to make and to pass, that owns nothing. The buffer must outlive every call that uses the view.
/// </summary>
/// <remarks>Ranks 1 to 4. The last stride is 1. <c>default</c> stands for "no tensor" where an operation allows one to be absent.</remarks>
[SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "Views are passed, not compared.")]
public readonly struct Tensor
{
    internal readonly NativeTensor Native;

    private Tensor(DeviceBuffer buffer, in NativeTensor native)
    {
        Buffer = buffer;
        Native = native;
    }

    /// <summary>The memory this view looks into; null for the absent tensor.</summary>
    public DeviceBuffer? Buffer { get; }

    /// <summary>Whether this is the absent tensor.</summary>
    public bool IsNone => Buffer is null;

    /// <summary>Element type.</summary>
    public ElementType Type => (ElementType)Native.Type;

    /// <summary>Number of dims.</summary>
    public int Rank => Native.Rank;

    /// <summary>Byte offset of the first element in the buffer.</summary>
    public long OffsetBytes => Native.OffsetBytes;

    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            var count = 1L;
            for (var dim = 0; dim < Rank; dim++)
            {
                count *= Native.Shape[dim];
            }

            return count;
        }
    }

    /// <summary>Whether the elements lie without gaps in row-major order.</summary>
    public bool IsContiguous
    {
        get
        {
            var expected = 1L;
            for (var dim = Rank - 1; dim >= 0; dim--)
            {
                if (Native.Shape[dim] != 1 && Native.Stride[dim] != expected)
                {
                    return false;
                }

                expected *= Native.Shape[dim];
            }

            return true;
        }
    }

    /// <summary>Size of a dim.</summary>
    public long Size(int dim) => Native.Shape[dim];

    /// <summary>Elements between neighbours along a dim.</summary>
    public long Stride(int dim) => Native.Stride[dim];

    /// <summary>A contiguous row-major view of <paramref name="shape"/> that starts at <paramref name="offsetBytes"/>.</summary>
    /// <exception cref="ArgumentException">The rank is not 1 to 4, a size is below 1, or the view does not fit into the buffer.</exception>
    public static Tensor Of(DeviceBuffer buffer, long offsetBytes, ElementType type, params ReadOnlySpan<long> shape)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (shape.Length is < 1 or > 4)
        {
            throw new ArgumentException($"rank is {shape.Length}, allowed are 1 to 4");
        }

        var native = new NativeTensor { Buffer = buffer.Address, OffsetBytes = offsetBytes, Type = (int)type, Rank = shape.Length };
        var stride = 1L;
        for (var dim = shape.Length - 1; dim >= 0; dim--)
        {
            if (shape[dim] < 1)
            {
                throw new ArgumentException($"dim {dim} has size {shape[dim]}, must be at least 1");
            }

            native.Shape[dim] = shape[dim];
            native.Stride[dim] = stride;
            stride = checked(stride * shape[dim]);
        }

        if (offsetBytes < 0 || checked(offsetBytes + (stride * type.ByteCount())) > buffer.ByteCount)
        {
            throw new ArgumentException($"a view of {stride} elements at byte {offsetBytes} does not fit into {buffer.ByteCount} bytes");
        }

        return new Tensor(buffer, native);
    }

    /// <summary>The same elements under another shape.</summary>
    /// <exception cref="InvalidOperationException">The view is not contiguous or the counts differ.</exception>
    public Tensor Reshape(params ReadOnlySpan<long> shape)
    {
        var count = 1L;
        foreach (var size in shape)
        {
            count *= size;
        }

        if (!IsContiguous || count != Count)
        {
            throw new InvalidOperationException($"a {(IsContiguous ? "" : "strided ")}view of {Count} elements cannot be seen as {count} elements");
        }

        return Of(Buffer!, OffsetBytes, Type, shape);
    }

    /// <summary>The part [<paramref name="start"/>, start + count) of a dim.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part lies outside the dim.</exception>
    public Tensor Slice(int dim, long start, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, Native.Shape[dim]);
        var native = Native;
        native.OffsetBytes += start * native.Stride[dim] * Type.ByteCount();
        native.Shape[dim] = count;
        return new Tensor(Buffer!, native);
    }

    /// <summary>The same elements with two dims exchanged; the last dim stays.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A dim is the last one or does not exist.</exception>
    public Tensor Swap(int dim, int other)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(dim, Rank - 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(other, Rank - 1);
        var native = Native;
        (native.Shape[dim], native.Shape[other]) = (native.Shape[other], native.Shape[dim]);
        (native.Stride[dim], native.Stride[other]) = (native.Stride[other], native.Stride[dim]);
        return new Tensor(Buffer!, native);
    }

    /// <summary>Splits the last dim of a matrix <c>[R, N*H]</c> with R = B*T into <c>[B, T, N, H]</c>, whatever the row stride.</summary>
    /// <exception cref="InvalidOperationException">The view is not a matrix of that size.</exception>
    public Tensor AsHeads(long batch, long heads, long headSize)
    {
        if (Rank != 2 || Native.Shape[0] % batch != 0 || Native.Shape[1] != heads * headSize)
        {
            throw new InvalidOperationException($"a view of {Count} elements and rank {Rank} is not {batch} sequences of {heads} heads of size {headSize}");
        }

        var native = Native;
        native.Rank = 4;
        native.Shape[0] = batch;
        native.Shape[1] = Native.Shape[0] / batch;
        native.Shape[2] = heads;
        native.Shape[3] = headSize;
        native.Stride[0] = native.Shape[1] * Native.Stride[0];
        native.Stride[1] = Native.Stride[0];
        native.Stride[2] = headSize;
        native.Stride[3] = 1;
        return new Tensor(Buffer!, native);
    }

    /// <summary>The elements in CPU memory.</summary>
    /// <typeparam name="T">A type of the element's size.</typeparam>
    /// <exception cref="InvalidOperationException">The view is strided, too large for a span, or in device memory.</exception>
    public unsafe Span<T> HostSpan<T>()
        where T : unmanaged
    {
        if (!IsContiguous || Count > int.MaxValue || sizeof(T) != Type.ByteCount())
        {
            throw new InvalidOperationException($"a view of {Count} elements of {Type} cannot be a span of {typeof(T).Name}");
        }

        return new Span<T>((byte*)Buffer!.HostAddress + OffsetBytes, (int)Count);
    }
}
