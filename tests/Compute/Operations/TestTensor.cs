using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>How a test tensor lies in memory.</summary>
public enum Layout
{
    /// <summary>Row-major, without gaps.</summary>
    Packed,

    /// <summary>Columns of a wider matrix, neither starting nor stepping at an aligned address.</summary>
    Slice,

    /// <summary><c>[B, T, N, H]</c> stored as <c>[B, N, T, H]</c>; rank 4 only.</summary>
    HeadMajor,
}

/// <summary>A tensor in the middle of poisoned memory: what lies around it is NaN going in and must be the same NaN afterwards.</summary>
internal sealed class TestTensor : IDisposable
{
    private const int GuardElements = 64;
    private const uint PoisonFloat32 = 0x7FC0_DEAD;
    private const uint PoisonBFloat16 = 0x7FD5;

    private readonly ComputeDevice _device;
    private readonly DeviceBuffer _buffer;
    private readonly ElementType _type;
    private readonly int _elements;

    /// <summary>Holds <paramref name="values"/>, or poison where null: a result that is not written stays visible.</summary>
    internal TestTensor(ComputeDevice device, ElementType type, Layout layout, double[]? values, params long[] shape)
    {
        _device = device;
        _type = type;
        var stored = StoredShape(layout, shape);
        _elements = GuardElements + (int)stored.Aggregate(1L, (product, size) => product * size) + GuardElements;
        _buffer = device.CreateBuffer((long)_elements * type.ByteCount());
        View = Arrange(layout, Tensor.Of(_buffer, (long)GuardElements * type.ByteCount(), type, stored), shape);

        var bits = new uint[_elements];
        Array.Fill(bits, Poison);
        if (values is not null)
        {
            Assert.Equal(View.Count, values.Length);
            var next = 0;
            foreach (var row in Rows())
            {
                for (var at = row; at < row + RowLength; at++)
                {
                    bits[at] = Numbers.Encode(values[next++], type);
                }
            }
        }

        Store(bits);
    }

    /// <summary>The tensor itself.</summary>
    internal Tensor View { get; }

    public static implicit operator Tensor(TestTensor tensor) => tensor.View;

    private uint Poison => _type == ElementType.BFloat16 ? PoisonBFloat16 : PoisonFloat32;

    /// <summary>The elements in row-major order. Fails if anything around them changed.</summary>
    internal double[] Read()
    {
        var bits = Load();
        var elements = Array.ConvertAll(Elements(bits), element => Numbers.Decode(element, _type));
        RequireSurroundingsUntouched(bits);
        return elements;
    }

    /// <summary>The elements' bits in row-major order.</summary>
    internal uint[] ReadBits() => Elements(Load());

    /// <summary>Whether no element was written since the tensor was made without values.</summary>
    internal bool IsUnwritten => Array.TrueForAll(ReadBits(), bits => bits == Poison);

    public void Dispose() => _buffer.Dispose();

    private int RowLength => (int)View.Size(View.Rank - 1);

    private uint[] Elements(uint[] bits)
    {
        var elements = new uint[View.Count];
        var next = 0;
        foreach (var row in Rows())
        {
            bits.AsSpan(row, RowLength).CopyTo(elements.AsSpan(next));
            next += RowLength;
        }

        return elements;
    }

    private void RequireSurroundingsUntouched(uint[] bits)
    {
        foreach (var row in Rows())
        {
            bits.AsSpan(row, RowLength).Fill(Poison);
        }

        var touched = bits.AsSpan().IndexOfAnyExcept(Poison);
        Assert.True(touched < 0, $"element {touched - GuardElements} around a tensor was written");
    }

    private static long[] StoredShape(Layout layout, long[] shape) => (layout, shape) switch
    {
        (Layout.Slice, [var b, var t, var n, var h]) => [b * t, 3 + (n * h) + 6],
        (Layout.Slice, [.. var leading, var last]) => [.. leading, 3 + last + 6],
        (Layout.HeadMajor, [var b, var t, var n, var h]) => [b, n, t, h],
        _ => shape,
    };

    private static Tensor Arrange(Layout layout, Tensor stored, long[] shape) => (layout, shape) switch
    {
        (Layout.Slice, [var b, _, var n, var h]) => stored.Slice(1, 3, n * h).AsHeads(b, n, h),
        (Layout.Slice, _) => stored.Slice(stored.Rank - 1, 3, shape[^1]),
        (Layout.HeadMajor, [_, _, _, _]) => stored.Swap(1, 2),
        _ => stored,
    };

    // Where each run of the last dim starts in the buffer, in row-major order.
    private IEnumerable<int> Rows()
    {
        var outer = View.Rank - 1;
        var shape = Enumerable.Range(0, 3).Select(dim => dim < outer ? View.Size(dim) : 1).ToArray();
        var stride = Enumerable.Range(0, 3).Select(dim => dim < outer ? View.Stride(dim) : 0).ToArray();
        var origin = View.OffsetBytes / _type.ByteCount();
        for (var a = 0; a < shape[0]; a++)
        {
            for (var b = 0; b < shape[1]; b++)
            {
                for (var c = 0; c < shape[2]; c++)
                {
                    yield return (int)(origin + (a * stride[0]) + (b * stride[1]) + (c * stride[2]));
                }
            }
        }
    }

    private void Store(uint[] bits)
    {
        var everything = Tensor.Of(_buffer, 0, _type, _elements);
        if (_type == ElementType.BFloat16)
        {
            _device.Write<ushort>(Array.ConvertAll(bits, value => (ushort)value), everything);
        }
        else
        {
            _device.Write<uint>(bits, everything);
        }
    }

    private uint[] Load()
    {
        var everything = Tensor.Of(_buffer, 0, _type, _elements);
        if (_type == ElementType.BFloat16)
        {
            var halves = new ushort[_elements];
            _device.Read(everything, halves.AsSpan());
            return Array.ConvertAll(halves, value => (uint)value);
        }

        var bits = new uint[_elements];
        _device.Read(everything, bits.AsSpan());
        return bits;
    }
}
