using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>The file that says in which shard each tensor is: <c>{"metadata": {"total_size": bytes}, "weight_map": {tensor: file}}</c>.</summary>
internal static class ShardIndex
{
    /// <summary>Name of the index in a model folder.</summary>
    public const string FileName = "model.safetensors.index.json";

    private const int MaxBytes = 64 << 20;
    private const int MaxFileNameCharacters = 128;

    /// <summary>Reads which file holds which tensor.</summary>
    /// <exception cref="InvalidDataException">Not the JSON it should be, a duplicate key, or a file name that is more than a name.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        var bytes = RegularFile.ReadAllBytes(path, MaxBytes);
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("weight_map", out var map)
                || map.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException($"{path}: weight_map is missing or not an object; it must map each tensor to its file");
            }
            return map.EnumerateObject().ToDictionary(entry => entry.Name, entry => Shard(path, entry), StringComparer.Ordinal);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: is not JSON, or has a key twice or text that is not Unicode: {Quote.Of(fault.Message)}", fault);
        }
    }

    /// <summary>The index of a set of shards, in the layout that transformers writes (two spaces, keys sorted).</summary>
    public static byte[] Write(IReadOnlyList<ShardPlan> shards)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", shards.Sum(shard => shard.Tensors.Sum(tensor => tensor.ByteCount)));
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            foreach (var (name, file) in shards.SelectMany(shard => shard.Tensors.Select(tensor => (tensor.Name, shard.FileName)))
                .OrderBy(pair => pair.Name, StringComparer.Ordinal))
            {
                json.WriteString(name, file);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    // A name only: with a separator or a leading dot the index could reach files of others.
    private static string Shard(string path, JsonProperty entry)
    {
        var name = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
        var plain = name.Length is > 0 and <= MaxFileNameCharacters && name[0] != '.' && name.EndsWith(".safetensors", StringComparison.Ordinal)
            && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '-');
        return plain
            ? name
            : throw new InvalidDataException(
                $"{path}: weight_map {Quote.Of(entry.Name)}: file {Quote.Of(entry.Value.GetRawText())}: "
                + "allowed is a plain name of letters, digits and ._- that ends with .safetensors");
    }
}
