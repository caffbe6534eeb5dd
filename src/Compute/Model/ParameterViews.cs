using ActorRing.Native;

namespace ActorRing.Compute.Model;

// Shape letters: D model dim, N query heads, K KV heads, H head dim, F MLP dim, V vocabulary.

/// <summary>One flat parameter-shaped vector (weights, their bfloat16 copy, or gradients) seen as the tensors that layers use.</summary>
public sealed class ParameterViews
{
    private readonly DeviceBuffer _buffer;
    private readonly ElementType _type;

    /// <summary>Views of <paramref name="buffer"/>, which holds <see cref="ParameterLayout.Count"/> elements of <paramref name="type"/>.</summary>
    public ParameterViews(ParameterLayout layout, DeviceBuffer buffer, ElementType type)
    {
        ArgumentNullException.ThrowIfNull(layout);
        _buffer = buffer;
        _type = type;
        var dims = layout.Dims;
        Flat = At(0, layout.Count);
        Matrices = At(0, layout.MatrixCount);
        Vectors = At(layout.MatrixCount, layout.Count - layout.MatrixCount);
        Embedding = At(layout.Embedding, dims.Vocabulary, dims.Width);
        LmHead = At(layout.LmHead, dims.Vocabulary, dims.Width);
        FinalNorm = At(layout.FinalNorm, dims.Width);
        Layers = layout.Layers.Select(layer => new LayerViews
        {
            Qkv = At(layer.Qkv, dims.QkvWidth, dims.Width),
            Output = At(layer.Output, dims.Width, dims.AttentionWidth),
            GateUp = At(layer.GateUp, 2L * dims.MlpWidth, dims.Width),
            Down = At(layer.Down, dims.Width, dims.MlpWidth),
            AttentionNorm = At(layer.AttentionNorm, dims.Width),
            MlpNorm = At(layer.MlpNorm, dims.Width),
            QkvBias = dims.AttentionBias ? At(layer.QkvBias, dims.QkvWidth) : default,
            OutputBias = dims.AttentionBias ? At(layer.OutputBias, dims.Width) : default,
            GateUpBias = dims.MlpBias ? At(layer.GateUpBias, 2L * dims.MlpWidth) : default,
            DownBias = dims.MlpBias ? At(layer.DownBias, dims.Width) : default,
        }).ToArray();
    }

    /// <summary>Everything, <c>[Count]</c>.</summary>
    public Tensor Flat { get; }

    /// <summary>All matrices, <c>[MatrixCount]</c>.</summary>
    public Tensor Matrices { get; }

    /// <summary>All norms and biases.</summary>
    public Tensor Vectors { get; }

    /// <summary>Embedding table <c>[V, D]</c>.</summary>
    public Tensor Embedding { get; }

    /// <summary>LM head <c>[V, D]</c>; the embedding table where tied.</summary>
    public Tensor LmHead { get; }

    /// <summary>Final norm <c>[D]</c>.</summary>
    public Tensor FinalNorm { get; }

    /// <summary>The layers' tensors.</summary>
    public IReadOnlyList<LayerViews> Layers { get; }

    /// <summary>One parameter.</summary>
    public Tensor Of(ParameterSlot slot)
    {
        ArgumentNullException.ThrowIfNull(slot);
        return At(slot.Offset, [.. slot.Shape]);
    }

    private Tensor At(long offset, params ReadOnlySpan<long> shape) => Tensor.Of(_buffer, offset * _type.ByteCount(), _type, shape);
}

/// <summary>One layer's parameters, or their gradients. Biases are absent where the model has none.</summary>
public sealed class LayerViews
{
    /// <summary>q, k, v projections <c>[(N + 2K) H, D]</c>.</summary>
    public required Tensor Qkv { get; init; }

    /// <summary>Output projection <c>[D, N H]</c>.</summary>
    public required Tensor Output { get; init; }

    /// <summary>Gate and up projections <c>[2F, D]</c>.</summary>
    public required Tensor GateUp { get; init; }

    /// <summary>Down projection <c>[D, F]</c>.</summary>
    public required Tensor Down { get; init; }

    /// <summary>Norm before attention <c>[D]</c>.</summary>
    public required Tensor AttentionNorm { get; init; }

    /// <summary>Norm before the MLP <c>[D]</c>.</summary>
    public required Tensor MlpNorm { get; init; }

    /// <summary>Bias of q, k, v <c>[(N + 2K) H]</c>.</summary>
    public required Tensor QkvBias { get; init; }

    /// <summary>Bias of the output projection <c>[D]</c>.</summary>
    public required Tensor OutputBias { get; init; }

    /// <summary>Bias of gate and up <c>[2F]</c>.</summary>
    public required Tensor GateUpBias { get; init; }

    /// <summary>Bias of the down projection <c>[D]</c>.</summary>
    public required Tensor DownBias { get; init; }
}
