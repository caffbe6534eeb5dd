using System.Text;
using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Checkpoints.HuggingFace;

/// <summary>
/// Writes a folder that transformers' <c>AutoModelForCausalLM.from_pretrained</c> loads. It appears under its name only when complete and on the disk.
/// </summary>
/// <remarks>
/// Append the parameters in the order of <see cref="Parameters"/>, then commit. Untouched values of the config keep their bytes
/// (<see cref="LlamaConfig.ToJson"/>), tokenizer files are copied as they are. Memory: nothing but the caller's spans.
/// </remarks>
public sealed class HfModelExport : IDisposable
{
    private readonly DurableDirectory folder;
    private readonly SafetensorsFolderWriter weights;

    private HfModelExport(DurableDirectory folder, SafetensorsFolderWriter weights, IReadOnlyList<TensorSpec> parameters)
    {
        this.folder = folder;
        this.weights = weights;
        Parameters = parameters;
    }

    /// <summary>What must be appended, in this order.</summary>
    public IReadOnlyList<TensorSpec> Parameters { get; }

    /// <summary>Starts a folder under a temporary name and writes everything but the weights.</summary>
    /// <param name="path">Final path; nothing may have it yet, or an empty folder, unless the options allow to replace it.</param>
    /// <param name="config">The model.</param>
    /// <param name="options">The rest; null for all defaults.</param>
    /// <exception cref="ArgumentException">An element type that is not F32, F16 or BF16.</exception>
    /// <exception cref="InvalidDataException">A config value without meaning, or a tokenizer file that is refused.</exception>
    /// <exception cref="IOException">The path is taken, the disk is full and the like; nothing is left behind.</exception>
    public static HfModelExport Begin(string path, LlamaConfig config, HfExportOptions? options = null)
    {
        options ??= new HfExportOptions();
        var dtype = options.Dtype ?? config.Dtype ?? SafetensorsDtype.F32;
        if (dtype is not (SafetensorsDtype.F32 or SafetensorsDtype.F16 or SafetensorsDtype.BF16))
        {
            throw new ArgumentException($"dtype {dtype.Text()}: F32, F16 and BF16 are allowed", nameof(options));
        }
        // A file that says nothing about the type keeps saying nothing unless the caller chose one.
        var configJson = (options.Dtype is null ? config : config with { Dtype = dtype }).ToJson();
        var parameters = ParameterNames.Of(config).Select(parameter => new TensorSpec(parameter.Name, dtype, parameter.Shape)).ToList();
        var folder = DurableDirectory.Create(path, options.Replace);
        try
        {
            DurableFile.WriteAllBytes(Path.Combine(folder.TemporaryPath, HfModelFolder.ConfigFileName), configJson);
            var generationConfig = options.GenerationConfig ?? NewGenerationConfig(config);
            DurableFile.WriteAllBytes(Path.Combine(folder.TemporaryPath, HfModelFolder.GenerationConfigFileName), generationConfig.Span);
            if (options.TokenizerFolder is { } tokenizer)
            {
                TokenizerFiles.Copy(tokenizer, folder.TemporaryPath);
            }
            return new HfModelExport(folder, SafetensorsFolderWriter.Create(folder.TemporaryPath, parameters, options.MaxShardBytes), parameters);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Appends bytes of a parameter, the whole or the next part; as <see cref="SafetensorsWriter.Append"/>.</summary>
    public void Append(string name, ReadOnlySpan<byte> bytes) => weights.Append(name, bytes);

    /// <summary>Makes everything durable and gives the folder its name.</summary>
    /// <exception cref="InvalidOperationException">Bytes are missing.</exception>
    /// <exception cref="IOException">As <see cref="DurableDirectory.Commit"/>.</exception>
    public void Commit()
    {
        weights.Commit();
        folder.Commit();
    }

    /// <summary>Deletes the unfinished folder unless it was committed.</summary>
    public void Dispose()
    {
        weights.Dispose();
        folder.Dispose();
    }

    private static ReadOnlyMemory<byte> NewGenerationConfig(LlamaConfig config)
    {
        var bos = config.BosTokenId is { } id ? $"{id}" : "null";
        var eos = config.EosTokenIds switch
        {
            [] => "null",
            [var only] => $"{only}",
            var several => $"[{string.Join(", ", several)}]",
        };
        return Encoding.UTF8.GetBytes($"{{\n  \"_from_model_config\": true,\n  \"bos_token_id\": {bos},\n  \"eos_token_id\": {eos}\n}}\n");
    }
}
