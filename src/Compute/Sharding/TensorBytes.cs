using System.Runtime.InteropServices;
using ActorRing.Compute.Checkpoints;
using ActorRing.Native;

namespace ActorRing.Compute.Sharding;

/// <summary>The bytes of flat tensors, float32 where nothing else is said, piece by piece, wherever the tensors live.</summary>
internal static class TensorBytes
{
    private const int PieceElements = 1 << 20;

    /// <summary>Takes one piece after the other.</summary>
    internal delegate void Take(ReadOnlySpan<byte> piece);

    /// <summary>Fills one piece after the other.</summary>
    internal delegate void Fill(long firstElement, Span<byte> piece);

    /// <summary>Hands out the bytes of a contiguous tensor, Float32 or BFloat16, in order: a view of host memory, copies from a device.</summary>
    internal static void Read(ComputeDevice device, in Tensor tensor, Take take, ByteProgress? progress = null)
    {
        if (tensor.Type == ElementType.BFloat16)
        {
            Read<ushort>(device, tensor, take, progress);
        }
        else
        {
            Read<float>(device, tensor, take, progress);
        }
    }

    /// <summary>Writes a contiguous tensor from bytes that come in order.</summary>
    internal static void Write(ComputeDevice device, in Tensor tensor, Fill fill, ByteProgress? progress = null)
    {
        var staging = new float[Math.Min(tensor.Count, PieceElements)];
        for (var start = 0L; start < tensor.Count; start += PieceElements)
        {
            var count = (int)Math.Min(PieceElements, tensor.Count - start);
            fill(start, MemoryMarshal.AsBytes(staging.AsSpan(0, count)));
            device.Write<float>(staging.AsSpan(0, count), tensor.Slice(0, start, count));
            progress?.Add(count * (long)sizeof(float));
        }
    }

    private static void Read<T>(ComputeDevice device, in Tensor tensor, Take take, ByteProgress? progress)
        where T : unmanaged
    {
        var staging = device.IsCuda ? new T[Math.Min(tensor.Count, PieceElements)] : [];
        for (var start = 0L; start < tensor.Count; start += PieceElements)
        {
            var count = (int)Math.Min(PieceElements, tensor.Count - start);
            var piece = tensor.Slice(0, start, count);
            if (device.IsCuda)
            {
                device.Read<T>(piece, staging.AsSpan(0, count));
            }

            var bytes = MemoryMarshal.AsBytes(device.IsCuda ? staging.AsSpan(0, count) : piece.HostSpan<T>());
            take(bytes);
            progress?.Add(bytes.Length);
        }
    }
}
