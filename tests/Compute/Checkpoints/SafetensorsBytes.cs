using System.Buffers.Binary;
using System.Text;
using ActorRing.Compute.Checkpoints.Safetensors;

namespace ActorRing.Compute.Specs.Checkpoints;

/// <summary>Files made by hand from the text of the format, so that the writer is not its own judge.</summary>
internal static class SafetensorsBytes
{
    public static byte[] File(string header, int dataBytes) => File(Encoding.UTF8.GetBytes(header), Data(dataBytes));

    public static byte[] File(byte[] header, byte[] data)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }

    /// <summary>Bytes that differ from their neighbours and repeat after a prime, so that a wrong offset shows.</summary>
    public static byte[] Data(long count)
    {
        var data = new byte[count];
        for (var i = 0; i < data.Length; i++)
        {
            data[i] = (byte)(i % 251);
        }
        return data;
    }

    public static TensorSpec F32(string name, params long[] shape) => new(name, SafetensorsDtype.F32, [.. shape]);

    /// <summary>Writes tensors whose bytes are <see cref="Data"/>, each beginning anew.</summary>
    public static void Write(string path, params TensorSpec[] tensors)
    {
        using var writer = SafetensorsWriter.Create(path, tensors);
        foreach (var tensor in tensors)
        {
            writer.Append(tensor.Name, Data(tensor.ByteCount));
        }
        writer.Commit();
    }
}
