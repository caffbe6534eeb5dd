using System.Text.Json;
using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Checkpoints.HuggingFace;

/// <summary>A Hugging Face model folder open for reading: config, weights that fit it, tokenizer files.</summary>
/// <remarks>Opening reads the config and the headers of the weights, no weights. Never needs a network. Written by <see cref="HfModelExport"/>.</remarks>
public sealed class HfModelFolder : IDisposable
{
    /// <summary>Name of the config.</summary>
    public const string ConfigFileName = "config.json";

    /// <summary>Name of the generation defaults.</summary>
    public const string GenerationConfigFileName = "generation_config.json";

    private const int MaxGenerationConfigBytes = 1 << 20;

    private HfModelFolder(string path, LlamaConfig config, byte[]? generationConfig, SafetensorsFolder weights)
    {
        Path = path;
        Config = config;

        // Without the cast null would become an empty file, by way of an array.
        GenerationConfig = generationConfig is null ? (ReadOnlyMemory<byte>?)null : generationConfig;
        Weights = weights;
    }

    /// <summary>As given to <see cref="Open"/>.</summary>
    public string Path { get; }

    /// <summary>The model.</summary>
    public LlamaConfig Config { get; }

    /// <summary>Bytes of <c>generation_config.json</c>, or null if there is none.</summary>
    public ReadOnlyMemory<byte>? GenerationConfig { get; }

    /// <summary>All tensors that <see cref="ParameterNames"/> lists, and possibly ones that <see cref="ExpectedTensors.IsIgnored"/>.</summary>
    public SafetensorsFolder Weights { get; }

    /// <summary>Full paths of the tokenizer's files.</summary>
    public IReadOnlyList<string> Tokenizer => TokenizerFiles.In(Path);

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">With <c>config.json</c> and safetensors weights.</param>
    /// <exception cref="FileNotFoundException">Folder, config, weights or a shard do not exist.</exception>
    /// <exception cref="InvalidDataException">
    /// A file breaks a rule, or config and tensors do not agree: one line naming file, key or tensor, value, what is allowed.
    /// </exception>
    public static HfModelFolder Open(string folder)
    {
        var config = LlamaConfig.Read(System.IO.Path.Combine(folder, ConfigFileName));
        var generationConfig = ReadGenerationConfig(System.IO.Path.Combine(folder, GenerationConfigFileName));
        var weights = SafetensorsFolder.Open(folder);
        try
        {
            ExpectedTensors.Check(config, weights.Tensors, folder);
            return new HfModelFolder(folder, config, generationConfig, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Weights.Dispose();

    private static byte[]? ReadGenerationConfig(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        var bytes = RegularFile.ReadAllBytes(path, MaxGenerationConfigBytes);
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object ? bytes : throw new InvalidDataException($"{path}: is not a JSON object");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{path}: is not JSON: {Quote.Of(fault.Message)}", fault);
        }
    }
}
