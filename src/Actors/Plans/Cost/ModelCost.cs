namespace ActorRing.Actors.Plans.Cost;

// L layers, D model dim, N query heads, K KV heads, H head dim, F MLP dim, V vocabulary, S whole sequence.

/// <summary>Sizes of a Llama-family model, and what follows from them alone.</summary>
/// <param name="Layers">L.</param>
/// <param name="Width">D.</param>
/// <param name="Heads">N.</param>
/// <param name="KvHeads">K; divides N.</param>
/// <param name="HeadSize">H.</param>
/// <param name="MlpWidth">F.</param>
/// <param name="Vocabulary">V.</param>
/// <param name="Tied">Whether the LM head is the embedding.</param>
/// <param name="Window">Keys that a query of a windowed layer sees, itself included; 0 for all.</param>
/// <param name="WindowedLayers">Layers that have the window.</param>
/// <param name="AttentionBias">Whether q, k, v and o projections have biases.</param>
/// <param name="MlpBias">Whether gate, up and down projections have biases.</param>
/// <param name="HeadNorms">Whether queries and keys are normed head by head, as in Qwen3.</param>
public sealed record ModelCost(
    int Layers,
    int Width,
    int Heads,
    int KvHeads,
    int HeadSize,
    int MlpWidth,
    int Vocabulary,
    bool Tied,
    int Window = 0,
    int WindowedLayers = 0,
    bool AttentionBias = false,
    bool MlpBias = false,
    bool HeadNorms = false)
{
    /// <summary>N H.</summary>
    public long AttentionWidth => (long)Heads * HeadSize;

    /// <summary>K H.</summary>
    public long KvWidth => (long)KvHeads * HeadSize;

    /// <summary>Weights of one layer's matrix products: D (2 N + 2 K) H + 3 D F.</summary>
    public long LayerMatmulWeights => ((long)Width * 2 * (AttentionWidth + KvWidth)) + (3L * Width * MlpWidth);

    /// <summary>All parameters of one layer.</summary>
    public long LayerParameters =>
        LayerMatmulWeights + (2L * Width) + (AttentionBias ? AttentionWidth + (2 * KvWidth) + Width : 0) + (MlpBias ? (2L * MlpWidth) + Width : 0)
        + (HeadNorms ? 2L * HeadSize : 0);

    /// <summary>V D, of the embedding and of the LM head each.</summary>
    public long VocabularyWeights => (long)Vocabulary * Width;

    /// <summary>All parameters.</summary>
    public long Parameters => (Layers * LayerParameters) + Width + (VocabularyWeights * (Tied ? 1 : 2));

    /// <summary>N_mm: weights of all matrix products, the LM head included, the embedding look-up not.</summary>
    public long MatmulWeights => (Layers * LayerMatmulWeights) + VocabularyWeights;

    /// <summary>
    /// (query, key) pairs that a causal sequence of <paramref name="tokens"/> has in one layer, averaged over layers: S (S + 1) / 2, fewer with a window.
    /// </summary>
    public double PairsPerLayer(long tokens)
    {
        var full = 0.5 * tokens * (tokens + 1);
        if (Window == 0 || Window >= tokens || WindowedLayers == 0)
        {
            return full;
        }

        var windowed = ((double)Window * tokens) - (0.5 * Window * (Window - 1));
        return full + ((windowed - full) * WindowedLayers / Layers);
    }

    /// <summary>FLOPs of one sequence's attention forward in one layer: 4 N H a pair.</summary>
    public double AttentionForwardFlops(long tokens) => 4 * PairsPerLayer(tokens) * AttentionWidth;

    /// <summary>
    /// Model FLOPs of one token's forward and backward: 6 N_mm + 12 N H times the pairs of all layers over the tokens, which is 6 L N H S for whole causal
    /// attention. Recomputation is not counted.
    /// </summary>
    public double CausalFlopsPerToken(long tokens) => (6.0 * MatmulWeights) + (3 * Layers * AttentionForwardFlops(tokens) / tokens);

    /// <summary>6 N_mm + 12 L N H S: the convention that counts masked pairs as well (torchtitan, InternEvo).</summary>
    public double FullFlopsPerToken(long tokens) => (6.0 * MatmulWeights) + (12.0 * Layers * AttentionWidth * tokens);
}
