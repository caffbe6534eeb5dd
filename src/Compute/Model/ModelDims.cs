using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Model;

/// <summary>The sizes and switches of a Llama-family model that its arithmetic depends on.</summary>
public sealed record ModelDims
{
    /// <summary>L, transformer layers.</summary>
    public required int Layers { get; init; }

    /// <summary>D, model dim.</summary>
    public required int Width { get; init; }

    /// <summary>N, query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>K, KV heads; divides N.</summary>
    public required int KvHeads { get; init; }

    /// <summary>H, head dim.</summary>
    public required int HeadSize { get; init; }

    /// <summary>F, MLP dim.</summary>
    public required int MlpWidth { get; init; }

    /// <summary>V, vocabulary.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Added to the mean square in RMSNorm.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Whether the LM head is the embedding table.</summary>
    public required bool TiedEmbeddings { get; init; }

    /// <summary>Whether q, k, v and o projections have biases.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether gate, up and down projections have biases.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Sliding window of each layer in tokens, 0 for full attention; empty for full attention everywhere.</summary>
    public IReadOnlyList<int> Windows { get; init; } = [];

    /// <summary>(N + 2K) H: rows of the fused q, k, v projection.</summary>
    public int QkvWidth => (Heads + (2 * KvHeads)) * HeadSize;

    /// <summary>N H: columns of the output projection.</summary>
    public int AttentionWidth => Heads * HeadSize;

    /// <summary>H^-1/2.</summary>
    public double SoftmaxScale => 1 / Math.Sqrt(HeadSize);

    /// <summary>Weights that take part in matrix products, LM head included, embedding look-up not.</summary>
    public long MatmulWeights =>
        ((long)Layers * (((long)QkvWidth * Width) + ((long)AttentionWidth * Width) + (3L * MlpWidth * Width))) + ((long)Vocabulary * Width);

    /// <summary>The sizes that a Hugging Face config describes.</summary>
    public static ModelDims Of(LlamaConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new ModelDims
        {
            Layers = config.NumHiddenLayers,
            Width = config.HiddenSize,
            Heads = config.NumAttentionHeads,
            KvHeads = config.NumKeyValueHeads,
            HeadSize = config.HeadDim,
            MlpWidth = config.IntermediateSize,
            Vocabulary = config.VocabSize,
            NormEpsilon = config.RmsNormEps,
            TiedEmbeddings = config.TieWordEmbeddings,
            AttentionBias = config.AttentionBias,
            MlpBias = config.MlpBias,
            Windows = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(layer => config.WindowOf(layer) ?? 0)],
        };
    }

    /// <summary>Window of a layer, 0 for full attention.</summary>
    public int WindowOf(int layer) => Windows.Count == 0 ? 0 : Windows[layer];

    /// <summary>Model FLOPs of one token's forward and backward at sequence length <paramref name="tokens"/>: 6 N_mm + 6 L N H S, causal attention counted half.</summary>
    public double FlopsPerToken(long tokens) => (6.0 * MatmulWeights) + (6.0 * Layers * AttentionWidth * tokens);

    /// <summary>The same without halving causal attention (12 L N H S), as torchtitan counts.</summary>
    public double FlopsPerTokenFull(long tokens) => (6.0 * MatmulWeights) + (12.0 * Layers * AttentionWidth * tokens);
}
