using System.Runtime.CompilerServices;

namespace ActorRing.Native.Specs;

/// <summary>A raw context and the raw buffers made on it.</summary>
internal sealed unsafe class RawBench : IDisposable
{
    private readonly List<(nint Buffer, long ByteCount)> _buffers = [];

    internal RawBench(RawLibrary library, int threads = 1)
    {
        Library = library;
        var options = new NativeContextOptions { ThreadCount = threads };
        nint context;
        Assert.Equal(NativeStatus.Ok, library.Table.ContextCreate(&options, &context));
        Context = context;
    }

    internal RawLibrary Library { get; }

    internal NativeLibraryTable Table => Library.Table;

    internal nint Context { get; }

    internal nint CreateBuffer(long byteCount)
    {
        nint buffer;
        Assert.Equal(NativeStatus.Ok, Table.BufferCreate(Context, byteCount, &buffer));
        _buffers.Add((buffer, byteCount));
        return buffer;
    }

    /// <summary>A contiguous tensor in a buffer of exactly its size, filled with small positive numbers (ids: zeros).</summary>
    internal NativeTensor CreateTensor(ElementType type, params ReadOnlySpan<long> shape)
    {
        var tensor = new NativeTensor { Type = (int)type, Rank = shape.Length };
        var count = 1L;
        for (var dim = shape.Length - 1; dim >= 0; dim--)
        {
            tensor.Shape[dim] = shape[dim];
            tensor.Stride[dim] = count;
            count *= shape[dim];
        }

        tensor.Buffer = CreateBuffer(count * type.ByteCount());
        if (type == ElementType.Float32)
        {
            var values = Enumerable.Range(0, (int)count).Select(i => 0.1f + (i % 7 * 0.01f)).ToArray();
            fixed (float* source = values)
            {
                Assert.Equal(NativeStatus.Ok, Table.BufferWrite(Context, tensor.Buffer, 0, source, count * sizeof(float)));
            }
        }

        return tensor;
    }

    /// <summary>All bytes of all buffers.</summary>
    internal byte[] Snapshot()
    {
        var bytes = new byte[_buffers.Sum(buffer => buffer.ByteCount)];
        var at = 0;
        fixed (byte* destination = bytes)
        {
            foreach (var (buffer, byteCount) in _buffers)
            {
                Assert.Equal(NativeStatus.Ok, Table.BufferRead(Context, buffer, 0, destination + at, byteCount));
                at += (int)byteCount;
            }
        }

        return bytes;
    }

    internal NativeContextInfo Query()
    {
        Unsafe.SkipInit(out NativeContextInfo info);
        Assert.Equal(NativeStatus.Ok, Table.ContextQuery(Context, &info));
        return info;
    }

    public void Dispose()
    {
        foreach (var (buffer, _) in _buffers)
        {
            Assert.Equal(NativeStatus.Ok, Table.BufferFree(buffer));
        }

        Assert.Equal(NativeStatus.Ok, Table.ContextFree(Context));
    }
}
