using ActorRing.Compute.Checkpoints.Safetensors;

namespace ActorRing.Compute.Checkpoints.HuggingFace;

/// <summary>What an exported folder holds besides the model itself.</summary>
public sealed record HfExportOptions
{
    /// <summary>Element type of all weights: F32, F16 or BF16. Null takes the config's, or F32 if that says nothing.</summary>
    public SafetensorsDtype? Dtype { get; init; }

    /// <summary>Most bytes of tensors in one file.</summary>
    public long MaxShardBytes { get; init; } = ShardPlan.DefaultMaxShardBytes;

    /// <summary>Whether a folder that has the name already may be replaced; it stays whole until the new one is complete and on the disk.</summary>
    public bool Replace { get; init; }

    /// <summary>Folder whose tokenizer files are copied, or null for none.</summary>
    public string? TokenizerFolder { get; init; }

    /// <summary>
    /// Bytes of <c>generation_config.json</c>, normally <see cref="HfModelFolder.GenerationConfig"/>; null writes one with the config's token ids.
    /// </summary>
    public ReadOnlyMemory<byte>? GenerationConfig { get; init; }
}
