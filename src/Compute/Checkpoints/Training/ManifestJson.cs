using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Model;

namespace ActorRing.Compute.Checkpoints.Training;

/// <summary>
/// A manifest as JSON. There is one way to write it, and its last value is the SHA-256 of the whole with zeros in that value's place: whatever is not exactly what was
/// written is refused.
/// </summary>
internal static class ManifestJson
{
    internal const int MaxBytes = 16 << 20;

    private const string Format = "actorring-training-checkpoint";
    private const int Version = 3;
    private const int MostLayers = 10_000;
    private static readonly string NoHash = new('0', 2 * SHA256.HashSizeInBytes);
    private static readonly byte[] Tail = Encoding.UTF8.GetBytes("\"\n}\n");

    /// <summary>The only bytes of a manifest.</summary>
    internal static byte[] Write(CheckpointManifest manifest)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            Write(json, manifest);
        }

        buffer.Write("\n"u8);
        var bytes = buffer.WrittenSpan.ToArray();
        Encoding.UTF8.GetBytes(Convert.ToHexStringLower(SHA256.HashData(bytes))).CopyTo(HashOf(bytes));
        return bytes;
    }

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="InvalidDataException">It is not what was written, byte for byte.</exception>
    /// <exception cref="OtherVersionException">It is whole, and of another version.</exception>
    internal static CheckpointManifest Read(byte[] bytes, string path)
    {
        var length = NoHash.Length + Tail.Length;
        if (bytes.Length < length || !bytes.AsSpan().EndsWith(Tail))
        {
            throw new InvalidDataException($"{path}: {bytes.Length} bytes without the end of a manifest: it is cut off or something else");
        }

        var zeroed = bytes.ToArray();
        Encoding.UTF8.GetBytes(NoHash).CopyTo(HashOf(zeroed));
        var hash = Convert.ToHexStringLower(SHA256.HashData(zeroed));
        if (!HashOf(bytes).SequenceEqual(Encoding.UTF8.GetBytes(hash)))
        {
            throw new InvalidDataException($"{path}: its SHA-256 is {hash}, and its last value says otherwise: it was damaged");
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            var root = document.RootElement;
            if (root.GetProperty("format").GetString() != Format || root.GetProperty("version").GetInt32() != Version)
            {
                throw new OtherVersionException($"{path}: format {Quote.Of(root.GetProperty("format").GetString())} version {root.GetProperty("version")}; {Format} version {Version} is read");
            }

            var manifest = Read(root);
            return Write(manifest).AsSpan().SequenceEqual(bytes) ? manifest : throw new InvalidDataException($"{path}: is not written as manifests are");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"{path}: is not a manifest: {Quote.Of(fault.Message)}", fault);
        }
    }

    /// <summary>The first size in which two models differ, or null.</summary>
    internal static string? Difference(ModelDims found, ModelDims wanted)
    {
        var (one, other) = (SizesOf(found), SizesOf(wanted));
        for (var i = 0; i < one.Length; i++)
        {
            if (one[i] != other[i])
            {
                return $"{one[i].Name} {one[i].Value}, the model at hand has {other[i].Value}";
            }
        }

        return found.Windows.SequenceEqual(wanted.Windows) ? null : $"windows {string.Join(' ', found.Windows)}, the model at hand has {string.Join(' ', wanted.Windows)}";
    }

    private static Span<byte> HashOf(byte[] manifest) => manifest.AsSpan(manifest.Length - Tail.Length - NoHash.Length, NoHash.Length);

    private static (string Name, double Value)[] SizesOf(ModelDims model) =>
    [
        ("layers", model.Layers), ("width", model.Width), ("heads", model.Heads), ("kv_heads", model.KvHeads), ("head_size", model.HeadSize), ("mlp_width", model.MlpWidth),
        ("vocabulary", model.Vocabulary), ("norm_epsilon", model.NormEpsilon), ("tied_embeddings", model.TiedEmbeddings ? 1 : 0), ("attention_bias", model.AttentionBias ? 1 : 0),
        ("mlp_bias", model.MlpBias ? 1 : 0),
    ];

    private static void Write(Utf8JsonWriter json, CheckpointManifest manifest)
    {
        json.WriteStartObject();
        json.WriteString("format", Format);
        json.WriteNumber("version", Version);
        json.WriteString("job", manifest.Job);
        json.WriteNumber("term", manifest.Epoch.Term);
        json.WriteNumber("epoch", manifest.Epoch.Number);
        json.WriteNumber("steps_done", manifest.StepsDone);
        json.WriteString("state_digest", manifest.Digest.Value.ToString("x16", CultureInfo.InvariantCulture));
        json.WriteNumber("optimizer_updates", manifest.OptimizerUpdates);
        json.WriteString("stage", manifest.Cursor.Stage);
        json.WriteNumber("stage_step", manifest.Cursor.StageStep);
        json.WriteStartArray("data_seeds");
        foreach (var seed in manifest.DataSeeds)
        {
            json.WriteNumberValue(seed);
        }

        json.WriteEndArray();
        json.WriteString("mode", manifest.Mode);
        json.WriteString("plan_hash", manifest.PlanHash);
        json.WriteStartObject("model");
        foreach (var (name, value) in SizesOf(manifest.Model))
        {
            json.WriteNumber(name, value);
        }

        json.WriteStartArray("windows");
        foreach (var window in manifest.Model.Windows)
        {
            json.WriteNumberValue(window);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        WriteFiles(json, manifest);
        json.WriteString("sha256", NoHash);
        json.WriteEndObject();
    }

    // The map follows from the model and the number of ranks; it is written down for people and other programs.
    private static void WriteFiles(Utf8JsonWriter json, CheckpointManifest manifest)
    {
        var map = manifest.Map;
        json.WriteNumber("elements", map.Elements);
        json.WriteNumber("shard_elements", map.ShardElements);
        json.WriteNumber("shards", map.Count);
        json.WriteNumber("ranks", manifest.Ranks);
        json.WriteStartArray("files");
        for (var rank = 0; rank < manifest.Ranks; rank++)
        {
            var owned = map.OwnedBy(rank, manifest.Ranks);
            json.WriteStartObject();
            json.WriteString("name", CheckpointManifest.FileOf(rank));
            json.WriteNumber("first_shard", owned.FirstShard);
            json.WriteNumber("shards", owned.ShardCount);
            json.WriteNumber("bytes", manifest.Shards[rank].Bytes);
            json.WriteString("sha256", manifest.Shards[rank].Sha256);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static CheckpointManifest Read(JsonElement root) => new()
    {
        Job = root.GetProperty("job").GetString()!,
        Epoch = new RingEpoch(root.GetProperty("term").GetInt64(), root.GetProperty("epoch").GetInt64()),
        StepsDone = root.GetProperty("steps_done").GetInt64(),
        Digest = new StateDigest(ulong.Parse(root.GetProperty("state_digest").GetString()!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)),
        OptimizerUpdates = root.GetProperty("optimizer_updates").GetInt64(),
        Cursor = new DataCursor(root.GetProperty("stage").GetString()!, root.GetProperty("stage_step").GetInt64()),
        DataSeeds = [.. root.GetProperty("data_seeds").EnumerateArray().Select(seed => seed.GetInt64())],
        Mode = root.GetProperty("mode").GetString()!,
        PlanHash = root.GetProperty("plan_hash").GetString()!,
        Model = ReadModel(root.GetProperty("model")),
        Shards = [.. root.GetProperty("files").EnumerateArray().Select(file => new ShardReceipt(file.GetProperty("bytes").GetInt64(), file.GetProperty("sha256").GetString()!))],
    };

    private static ModelDims ReadModel(JsonElement model)
    {
        int Size(string name, int most = int.MaxValue)
        {
            var value = model.GetProperty(name).GetInt32();
            return value >= 1 && value <= most ? value : throw new FormatException($"model.{name} is {value}; 1 to {most} are allowed");
        }

        bool Switch(string name) => model.GetProperty(name).GetInt32() != 0;
        return new ModelDims
        {
            Layers = Size("layers", MostLayers),
            Width = Size("width"),
            Heads = Size("heads"),
            KvHeads = Size("kv_heads"),
            HeadSize = Size("head_size"),
            MlpWidth = Size("mlp_width"),
            Vocabulary = Size("vocabulary"),
            NormEpsilon = model.GetProperty("norm_epsilon").GetDouble(),
            TiedEmbeddings = Switch("tied_embeddings"),
            AttentionBias = Switch("attention_bias"),
            MlpBias = Switch("mlp_bias"),
            Windows = [.. model.GetProperty("windows").EnumerateArray().Select(window => window.GetInt32())],
        };
    }
}
