using ActorRing.Native;

namespace ActorRing.Compute.Tensors;

/// <summary>
/// One slab of device memory, handed out from the front. Nothing is freed singly: a <see cref="Mark"/> is taken and gone back to, so lifetimes follow the schedule and a
/// steady step allocates nothing.
/// </summary>
public sealed class Arena : IDisposable
{
    private const long Alignment = 64;
    private readonly DeviceBuffer? _buffer;
    private long _used;

    /// <summary>Creates an arena.</summary>
    /// <param name="device">Where the memory lives.</param>
    /// <param name="byteCount">Capacity in bytes, above 0.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public Arena(ComputeDevice device, long byteCount)
    {
        ArgumentNullException.ThrowIfNull(device);
        _buffer = device.CreateBuffer(byteCount);
    }

    private Arena()
    {
    }

    /// <summary>Bytes handed out at this moment, alignment included.</summary>
    public long UsedBytes => _used;

    /// <summary>The most that was ever handed out at once.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>An arena without memory that only counts: what a plan needs is asked of the code that will carve it. Its tensors are absent.</summary>
    public static Arena ForCounting() => new();

    /// <summary>What <see cref="Take"/> uses up for a tensor of this size.</summary>
    public static long BytesFor(ElementType type, params ReadOnlySpan<long> shape)
    {
        var count = 1L;
        foreach (var size in shape)
        {
            count = checked(count * size);
        }

        return checked((count * type.ByteCount()) + Alignment - 1) / Alignment * Alignment;
    }

    /// <summary>A contiguous tensor; its contents are whatever was there before.</summary>
    /// <exception cref="InsufficientMemoryException">The arena is full: the plan it was sized by is wrong.</exception>
    public Tensor Take(ElementType type, params ReadOnlySpan<long> shape)
    {
        var bytes = BytesFor(type, shape);
        if (_buffer is not null && _used + bytes > _buffer.ByteCount)
        {
            throw new InsufficientMemoryException($"the arena of {_buffer.ByteCount} bytes holds {_used} and is asked for {bytes}");
        }

        var tensor = _buffer is null ? default : Tensor.Of(_buffer, _used, type, shape);
        _used += bytes;
        PeakBytes = Math.Max(PeakBytes, _used);
        return tensor;
    }

    /// <summary>Where the arena stands, for <see cref="Release"/>.</summary>
    public long Mark() => _used;

    /// <summary>Gives back everything taken since <paramref name="mark"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The mark lies ahead of what is taken.</exception>
    public void Release(long mark)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(mark);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mark, _used);
        _used = mark;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer?.Dispose();
}
