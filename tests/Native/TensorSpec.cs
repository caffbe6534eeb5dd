namespace ActorRing.Native.Specs;

/// <summary>Views: where their elements lie, and what they refuse to be.</summary>
public sealed class TensorSpec : IDisposable
{
    private readonly ComputeDevice _device = NativeBackend.LoadCpu().Open(1);
    private readonly DeviceBuffer _buffer;

    public TensorSpec() => _buffer = _device.CreateBuffer(4096);

    [Fact]
    public void Tensor_must_be_row_major()
    {
        var x = Tensor.Of(_buffer, 64, ElementType.BFloat16, 2, 3, 5);
        Assert.Equal((2, 3, 5), (x.Size(0), x.Size(1), x.Size(2)));
        Assert.Equal((15, 5, 1), (x.Stride(0), x.Stride(1), x.Stride(2)));
        Assert.Equal((30, 64, true), (x.Count, x.OffsetBytes, x.IsContiguous));
    }

    [Fact]
    public void Tensor_must_refuse_what_does_not_fit_its_buffer()
    {
        Assert.Throws<ArgumentException>(() => Tensor.Of(_buffer, 0, ElementType.Float32, 1025));
        Assert.Throws<ArgumentException>(() => Tensor.Of(_buffer, 4, ElementType.Float32, 1024));
        Assert.Throws<ArgumentException>(() => Tensor.Of(_buffer, -4, ElementType.Float32, 1));
        Assert.Throws<ArgumentException>(() => Tensor.Of(_buffer, 0, ElementType.Float32, 0));
        Assert.Throws<ArgumentException>(() => Tensor.Of(_buffer, 0, ElementType.Float32, 1, 1, 1, 1, 1));
        Assert.Throws<ArgumentException>(() => Tensor.Of(_buffer, 0, ElementType.Float32));
        Assert.ThrowsAny<Exception>(() => Tensor.Of(_buffer, 0, ElementType.Float32, long.MaxValue, long.MaxValue));
    }

    [Fact]
    public void Slice_must_start_where_its_dim_says()
    {
        var x = Tensor.Of(_buffer, 0, ElementType.Float32, 4, 6).Slice(0, 1, 2).Slice(1, 2, 3);
        Assert.Equal((2, 3, 6, 32), (x.Size(0), x.Size(1), x.Stride(0), x.OffsetBytes));
        Assert.False(x.IsContiguous);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Slice(1, 1, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Slice(1, -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Slice(1, 0, 0));
        Assert.Throws<InvalidOperationException>(() => x.Reshape(6));
        Assert.Throws<InvalidOperationException>(() => x.HostSpan<float>().Length);
        Assert.Throws<ArgumentException>(() => _device.Read(x, new float[6].AsSpan()));
    }

    [Fact]
    public void AsHeads_must_split_columns_of_a_wider_matrix()
    {
        var x = Tensor.Of(_buffer, 0, ElementType.Float32, 6, 20).Slice(1, 4, 12).AsHeads(2, 3, 4);
        Assert.Equal((2, 3, 3, 4), (x.Size(0), x.Size(1), x.Size(2), x.Size(3)));
        Assert.Equal((60, 20, 4, 1), (x.Stride(0), x.Stride(1), x.Stride(2), x.Stride(3)));
        Assert.Throws<InvalidOperationException>(() => Tensor.Of(_buffer, 0, ElementType.Float32, 6, 20).AsHeads(4, 5, 4));
    }

    [Fact]
    public void Swap_must_exchange_dims_but_never_the_last()
    {
        var x = Tensor.Of(_buffer, 0, ElementType.Float32, 2, 3, 4, 5).Swap(1, 2);
        Assert.Equal((4, 3, 5, 20), (x.Size(1), x.Size(2), x.Stride(1), x.Stride(2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Swap(0, 3));
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _device.Dispose();
    }
}
