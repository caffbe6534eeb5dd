namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>What a checked header says.</summary>
/// <param name="Entries">Tensors in the order of their bytes: contiguous from 0 to the end of the file.</param>
/// <param name="Tensors">The same by name.</param>
/// <param name="Metadata">The strings of <c>__metadata__</c>; empty if there is none.</param>
internal sealed record SafetensorsHeader(
    IReadOnlyList<TensorEntry> Entries, IReadOnlyDictionary<string, TensorEntry> Tensors, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>Key under which the format keeps free strings beside the tensors.</summary>
    public const string MetadataKey = "__metadata__";

    /// <summary>Most bytes of a header that are read or written unless the caller says otherwise; the format's own ceiling is 100 MB.</summary>
    public const int DefaultMaxBytes = 8 << 20;
}
