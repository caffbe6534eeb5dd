using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>Checks and reads the JSON of a safetensors header, which may come from an enemy.</summary>
/// <remarks>
/// Nothing is allocated for a number that the header claims, only for what it spells out: at most 64 KiB plus 16 bytes for each byte of the header.
/// Rules: UTF-8, first byte <c>{</c>, no duplicate keys at any level, known keys and element types, rank and counts capped, sizes multiplied with a check,
/// tensors contiguous from 0 to the end of the data. Source: the safetensors format description, made stricter.
/// </remarks>
internal static class SafetensorsHeaderReader
{
    /// <summary>Most tensors in one file.</summary>
    public const int MaxTensors = 100_000;

    /// <summary>Most bytes of a name in UTF-8.</summary>
    public const int MaxNameBytes = 256;

    /// <summary>Most dims of a tensor.</summary>
    public const int MaxRank = 16;

    /// <summary>Most strings in <c>__metadata__</c>.</summary>
    public const int MaxMetadataEntries = 1_024;

    /// <summary>Most bytes of those strings together, as they stand in the file.</summary>
    public const int MaxMetadataBytes = 1 << 20;

    private const int MaxEscapeBytes = 6;

    /// <summary>Parses a header.</summary>
    /// <param name="json">The header, padding included.</param>
    /// <param name="dataBytes">Bytes of the file behind the header.</param>
    /// <param name="file">Names the file in messages.</param>
    /// <exception cref="InvalidDataException">One line: file, tensor, value, what is allowed.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataBytes, string file)
    {
        if (json.IsEmpty || json[0] != '{')
        {
            throw Bad(file, json.IsEmpty ? "header is empty; it must begin with '{'" : $"header begins with byte 0x{json[0]:x2}; it must begin with '{{'");
        }
        if (!Utf8.IsValid(json))
        {
            throw Bad(file, "header is not UTF-8");
        }
        // Object, tensor, array: nothing in the format is deeper.
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 3 });
        try
        {
            return ReadHeader(ref reader, dataBytes, file);
        }
        catch (JsonException)
        {
            throw Bad(file, $"header is not JSON, or deeper than 3 levels, at byte {reader.BytesConsumed}");
        }
        catch (InvalidOperationException)
        {
            // Valid UTF-8 can still escape half of a surrogate pair; reading or comparing such text throws this.
            throw Bad(file, $"header holds an unpaired surrogate before byte {reader.BytesConsumed}; text must be Unicode");
        }
    }

    private static SafetensorsHeader ReadHeader(ref Utf8JsonReader reader, long dataBytes, string file)
    {
        var tensors = new Dictionary<string, TensorEntry>(StringComparer.Ordinal);
        Dictionary<string, string>? metadata = null;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = ReadName(ref reader, "tensor", file);
            reader.Read();
            if (name == SafetensorsHeader.MetadataKey)
            {
                metadata = metadata is null
                    ? ReadMetadata(ref reader, file)
                    : throw Bad(file, $"{SafetensorsHeader.MetadataKey}: appears twice; once is allowed");
            }
            else if (tensors.Count == MaxTensors)
            {
                throw BadTensor(file, name, $"is one more than the {MaxTensors} tensors allowed");
            }
            else if (!tensors.TryAdd(name, ReadTensor(ref reader, name, dataBytes, file)))
            {
                throw BadTensor(file, name, "appears twice; once is allowed");
            }
        }
        // Anything but white space behind the closing brace throws here.
        reader.Read();
        return new SafetensorsHeader(InOrder(tensors, dataBytes, file), tensors, metadata ?? []);
    }

    private static TensorEntry[] InOrder(Dictionary<string, TensorEntry> tensors, long dataBytes, string file)
    {
        var entries = new TensorEntry[tensors.Count];
        tensors.Values.CopyTo(entries, 0);
        // Empty tensors sort before the one that begins where they stand.
        Array.Sort(entries, static (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long expected = 0;
        foreach (var entry in entries)
        {
            if (entry.Begin != expected)
            {
                throw Bad(file, $"tensor {Quote.Of(entry.Name)}: begins at {entry.Begin}; must begin at {expected}, where the one before it ends");
            }
            expected = entry.End;
        }
        return expected == dataBytes ? entries : throw Bad(file, $"tensors end at {expected}; must end at {dataBytes}, the end of the file");
    }

    private static TensorEntry ReadTensor(ref Utf8JsonReader reader, string name, long dataBytes, string file)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw BadTensor(file, name, "is not an object of dtype, shape and data_offsets");
        }
        SafetensorsDtype? dtype = null;
        Span<long> shape = stackalloc long[MaxRank];
        Span<long> offsets = stackalloc long[2];
        int rank = -1, offsetCount = -1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool twice;
            if (reader.ValueTextEquals("dtype"u8))
            {
                twice = dtype is not null;
                dtype = ReadDtype(ref reader, name, file);
            }
            else if (reader.ValueTextEquals("shape"u8))
            {
                twice = rank >= 0;
                rank = ReadIntegers(ref reader, shape, name, "shape", file);
            }
            else if (reader.ValueTextEquals("data_offsets"u8))
            {
                twice = offsetCount >= 0;
                offsetCount = ReadIntegers(ref reader, offsets, name, "data_offsets", file);
            }
            else
            {
                throw BadTensor(file, name, $"unknown key {Quote.Of(ReadName(ref reader, "key", file))}; allowed are dtype, shape, data_offsets");
            }
            if (twice)
            {
                throw BadTensor(file, name, "dtype, shape or data_offsets appears twice; once is allowed");
            }
        }
        if (dtype is not { } elementType || rank < 0 || offsetCount != 2)
        {
            throw BadTensor(file, name, "must have dtype, shape and two data_offsets");
        }
        if (!TensorSpec.TryCountBytes(elementType, shape[..rank], out var byteCount))
        {
            throw BadTensor(file, name, $"shape {TensorSpec.Text(shape[..rank])}: must have fewer than 2^63 bytes");
        }
        if (offsets[0] > offsets[1] || offsets[1] > dataBytes)
        {
            throw BadTensor(
                file, name, $"data_offsets [{offsets[0]}, {offsets[1]}]: must satisfy begin <= end <= {dataBytes}, the bytes behind the header");
        }
        if (offsets[1] - offsets[0] != byteCount)
        {
            throw BadTensor(
                file, name, $"data_offsets span {offsets[1] - offsets[0]} bytes; {elementType.Text()} {TensorSpec.Text(shape[..rank])} needs {byteCount}");
        }
        return new TensorEntry(name, elementType, ImmutableCollectionsMarshal.AsImmutableArray(shape[..rank].ToArray()), offsets[0]);
    }

    private static SafetensorsDtype ReadDtype(ref Utf8JsonReader reader, string name, string file)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            throw BadTensor(file, name, $"dtype is not a string; allowed are {SafetensorsDtypes.Allowed}");
        }
        return SafetensorsDtypes.Match(ref reader)
            ?? throw BadTensor(file, name, $"dtype {Head(reader.ValueSpan)}: allowed are {SafetensorsDtypes.Allowed}");
    }

    private static int ReadIntegers(ref Utf8JsonReader reader, scoped Span<long> values, string name, string key, string file)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw BadTensor(file, name, $"{key} is not a list");
        }
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (count == values.Length)
            {
                throw BadTensor(file, name, $"{key} has more than {values.Length} numbers; at most {values.Length} are allowed");
            }
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var value) || value < 0)
            {
                throw BadTensor(file, name, $"{key} holds {Head(reader.ValueSpan)}; integers from 0 to 2^63 - 1 are allowed");
            }
            values[count++] = value;
        }
        return count;
    }

    private static Dictionary<string, string> ReadMetadata(ref Utf8JsonReader reader, string file)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Bad(file, $"{SafetensorsHeader.MetadataKey}: is not an object of strings");
        }
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        long bytes = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bytes += reader.ValueSpan.Length;
            var key = ReadName(ref reader, $"{SafetensorsHeader.MetadataKey} key", file);
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw Bad(file, $"{SafetensorsHeader.MetadataKey} {Quote.Of(key)}: is not a string; only strings are allowed");
            }
            bytes += reader.ValueSpan.Length;
            if (bytes > MaxMetadataBytes || metadata.Count == MaxMetadataEntries)
            {
                var limits = $"{MaxMetadataEntries} strings and {MaxMetadataBytes} bytes";
                throw Bad(file, $"{SafetensorsHeader.MetadataKey} {Quote.Of(key)}: goes beyond the {limits} allowed");
            }
            if (!metadata.TryAdd(key, reader.GetString()!))
            {
                throw Bad(file, $"{SafetensorsHeader.MetadataKey} {Quote.Of(key)}: appears twice; once is allowed");
            }
        }
        return metadata;
    }

    private static string ReadName(ref Utf8JsonReader reader, string what, string file)
    {
        var raw = reader.ValueSpan;
        var name = raw.Length <= MaxNameBytes * MaxEscapeBytes ? reader.GetString() : null;
        if (name is null || Encoding.UTF8.GetByteCount(name) > MaxNameBytes)
        {
            throw Bad(file, $"{what} {Head(raw)}...: name is longer than the {MaxNameBytes} bytes allowed");
        }
        if (name.Length == 0)
        {
            throw Bad(file, $"{what} '': name is empty; 1 to {MaxNameBytes} bytes are allowed");
        }
        return name.AsSpan().ContainsAnyControl() ? throw Bad(file, $"{what} {Quote.Of(name)}: name holds a control character; none is allowed") : name;
    }

    private static bool ContainsAnyControl(this ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (char.IsControl(character))
            {
                return true;
            }
        }
        return false;
    }

    private static string Head(ReadOnlySpan<byte> text) => Quote.Of(Encoding.UTF8.GetString(text[..Math.Min(text.Length, 64)]));

    private static InvalidDataException BadTensor(string file, string name, string fault) => Bad(file, $"tensor {Quote.Of(name)}: {fault}");

    private static InvalidDataException Bad(string file, string fault) => new($"{file}: {fault}");
}
