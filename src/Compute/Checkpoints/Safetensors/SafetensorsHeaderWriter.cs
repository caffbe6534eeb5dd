using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>Writes the length and the JSON that stand before the tensors.</summary>
internal static class SafetensorsHeaderWriter
{
    private const int LengthBytes = 8;

    /// <summary>The bytes before the data: header length, <c>__metadata__</c>, tensors in the given order, spaces up to a multiple of 8.</summary>
    /// <param name="tensors">Tensors in the order of their bytes.</param>
    /// <param name="metadata">Strings to keep besides <c>format</c>, which is always <c>pt</c>: older transformers refuse files without it.</param>
    /// <exception cref="ArgumentException">A name, shape or count that <see cref="SafetensorsHeaderReader"/> would refuse.</exception>
    public static byte[] Write(IReadOnlyList<TensorSpec> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is not null && metadata.TryGetValue("format", out var format) && format != "pt")
        {
            throw new ArgumentException($"metadata format {Quote.Of(format)}: only 'pt' is allowed", nameof(metadata));
        }
        var buffer = new ArrayBufferWriter<byte>(4096);
        buffer.Advance(LengthBytes);
        var dataBytes = WriteJson(buffer, tensors, metadata);
        while (buffer.WrittenCount % LengthBytes != 0)
        {
            buffer.Write(" "u8);
        }
        var bytes = buffer.WrittenSpan.ToArray();
        var headerBytes = bytes.Length - LengthBytes;
        if (headerBytes > SafetensorsHeader.DefaultMaxBytes)
        {
            throw new ArgumentException($"header of {headerBytes} bytes: at most {SafetensorsHeader.DefaultMaxBytes} are allowed", nameof(tensors));
        }
        BinaryPrimitives.WriteInt64LittleEndian(bytes, headerBytes);
        Prove(bytes.AsSpan(LengthBytes), dataBytes);
        return bytes;
    }

    private static long WriteJson(ArrayBufferWriter<byte> buffer, IReadOnlyList<TensorSpec> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        // Relaxed escaping leaves names readable; validation stays on, so a writer's mistake cannot become a broken file.
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        json.WriteString("format", "pt");
        var others = (metadata ?? new Dictionary<string, string>()).Where(pair => pair.Key != "format");
        foreach (var (key, value) in others.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            json.WriteString(key, value);
        }
        json.WriteEndObject();
        long begin = 0;
        foreach (var tensor in tensors)
        {
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.Dtype.Text());
            json.WriteStartArray("shape");
            foreach (var dim in tensor.Shape)
            {
                json.WriteNumberValue(dim);
            }
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(begin);
            begin = checked(begin + tensor.ByteCount);
            json.WriteNumberValue(begin);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.Flush();
        return begin;
    }

    // The rules live in one place: what the strict reader refuses is never written.
    private static void Prove(ReadOnlySpan<byte> header, long dataBytes)
    {
        try
        {
            SafetensorsHeaderReader.Parse(header, dataBytes, "header");
        }
        catch (InvalidDataException fault)
        {
            throw new ArgumentException(fault.Message, fault);
        }
    }
}
