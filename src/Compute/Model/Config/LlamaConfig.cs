using System.Collections.Immutable;
using ActorRing.Compute.Checkpoints;
using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Model.Rope;

namespace ActorRing.Compute.Model.Config;

/// <summary>Everything about a Llama or Mistral model that changes its mathematics; read from a Hugging Face <c>config.json</c> or made anew.</summary>
/// <remarks>
/// Immutable. Members carry the names of the file's keys. Two configs are equal when they would be written alike as new files. Change one with <c>with</c> or
/// the <c>With...</c> methods; the latter check at once, <c>with</c> is checked by <see cref="Validate"/>, which reading and writing call.
/// </remarks>
public sealed record LlamaConfig
{
    private const int MaxFileBytes = 1 << 20;

    /// <summary>Family, from <c>model_type</c>.</summary>
    public required ModelFamily Family { get; init; }

    /// <summary>V: rows of the embedding.</summary>
    public required int VocabSize { get; init; }

    /// <summary>D: width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>F: width of the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>L: layers.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>N: query heads.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>K: key and value heads; divides N.</summary>
    public required int NumKeyValueHeads { get; init; }

    /// <summary>H: width of a head, even; N H need not be D.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Longest sequence that the model is meant for. A promise, not a limit, except that some rotary types compute with it.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Rotary frequencies, the base <c>rope_theta</c> included.</summary>
    public RopeParameters Rope { get; init; } = new DefaultRope(10_000);

    /// <summary>Added to the mean square in RMSNorm.</summary>
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>Whether the LM head is the embedding, transposed.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Whether q, k, v and o projections have biases; Llama only.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether gate, up and down projections have biases; Llama only.</summary>
    public bool MlpBias { get; init; }

    /// <summary>W: a query at i sees the keys j with <c>i - j &lt; W</c>, itself included; null for no window. Mistral only.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Which layers use the window, <c>[L]</c>; empty for all. Mistral only.</summary>
    public ImmutableArray<AttentionSpan> LayerTypes { get; init; } = [];

    /// <summary>Standard deviation of freshly drawn weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Token that begins a sequence, or null.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Tokens that end a sequence; may be empty.</summary>
    public ImmutableArray<int> EosTokenIds { get; init; } = [];

    /// <summary>Element type of the stored weights as <c>torch_dtype</c> or <c>dtype</c> says, or null if it does not.</summary>
    public SafetensorsDtype? Dtype { get; init; }

    /// <summary>The file that the config came from, or null.</summary>
    internal ConfigSource? Source { get; init; }

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file, at most 1 MiB.</param>
    /// <exception cref="FileNotFoundException">No such file.</exception>
    /// <exception cref="InvalidDataException">One line: file, key, value, what is allowed. Any key that is not known to be harmless is refused.</exception>
    public static LlamaConfig Read(string path) => Parse(RegularFile.ReadAllBytes(path, MaxFileBytes), path);

    /// <summary>As <see cref="Read"/>, from bytes.</summary>
    /// <param name="json">The file's bytes; copied.</param>
    /// <param name="file">Names the file in messages.</param>
    public static LlamaConfig Parse(ReadOnlySpan<byte> json, string file) => LlamaConfigReader.Parse(json, file);

    /// <summary>Window of a layer, or null if it looks at everything before it.</summary>
    /// <param name="layer">From 0.</param>
    public int? WindowOf(int layer) => LayerTypes.IsEmpty || LayerTypes[layer] == AttentionSpan.Sliding ? SlidingWindow : null;

    /// <summary>The same model with another base of the rotary frequencies; all else about them stays.</summary>
    /// <exception cref="InvalidDataException">Not above 1.</exception>
    public LlamaConfig WithRopeTheta(double theta) => Checked(this with { Rope = Rope with { Theta = theta } });

    /// <summary>The same model for sequences of another length.</summary>
    /// <remarks>
    /// Changes the frequencies where the rotary type computes with the length: dynamic always, yarn and longrope if they state no original length or factor.
    /// </remarks>
    /// <exception cref="InvalidDataException">Below 1.</exception>
    public LlamaConfig WithMaxPositionEmbeddings(int positions) => Checked(this with { MaxPositionEmbeddings = positions });

    /// <summary>The text of <c>config.json</c>.</summary>
    /// <returns>
    /// For a config that was read: its file, byte for byte, with only the values exchanged that have changed, in the form (v4 or v5) that it had.
    /// For a new one: the v4 form, which transformers 4 and 5 read.
    /// </returns>
    /// <exception cref="InvalidDataException">As <see cref="Validate"/>.</exception>
    public byte[] ToJson()
    {
        Validate(Source?.File ?? "config.json");
        return LlamaConfigWriter.Write(this);
    }

    /// <summary>Checks all values, alone and together.</summary>
    /// <param name="file">Names the file in messages.</param>
    /// <exception cref="InvalidDataException">The first value that has no meaning: file, key, value, what is allowed.</exception>
    public void Validate(string file)
    {
        var check = new ConfigCheck(file);
        check.Range("vocab_size", VocabSize, 1, 1 << 24);
        check.Range("hidden_size", HiddenSize, 1, 1 << 20);
        check.Range("intermediate_size", IntermediateSize, 1, 1 << 22);
        check.Range("num_hidden_layers", NumHiddenLayers, 1, 1 << 12);
        check.Range("num_attention_heads", NumAttentionHeads, 1, 1 << 14);
        check.Range("num_key_value_heads", NumKeyValueHeads, 1, NumAttentionHeads);
        check.Range("num_key_value_heads", NumKeyValueHeads, NumAttentionHeads % NumKeyValueHeads == 0,
            $"a divisor of num_attention_heads, {NumAttentionHeads}");
        check.Range("head_dim", HeadDim, HeadDim is >= 2 and <= 4096 && HeadDim % 2 == 0, "an even integer from 2 to 4096");
        check.Range("max_position_embeddings", MaxPositionEmbeddings, 1, int.MaxValue);
        check.Range("rms_norm_eps", RmsNormEps, RmsNormEps is > 0 and <= 0.1, "above 0, at most 0.1");
        check.Range("initializer_range", InitializerRange, InitializerRange is >= 0 and <= 1, "a number from 0 to 1");
        check.Range("sliding_window", SlidingWindow ?? 1, 1, int.MaxValue);
        check.Range("layer_types", LayerTypes.Length, LayerTypes.IsEmpty || LayerTypes.Length == NumHiddenLayers,
            $"one element for each of {NumHiddenLayers} layers");
        check.Range("bos_token_id", BosTokenId ?? 0, 0, VocabSize - 1);
        foreach (var id in EosTokenIds)
        {
            check.Range("eos_token_id", id, 0, VocabSize - 1);
        }
        Rope.Validate(check, HeadDim);
        ValidateFamily(check);
    }

    /// <inheritdoc/>
    public bool Equals(LlamaConfig? other) => other is not null && LlamaConfigWriter.WriteNew(this).AsSpan().SequenceEqual(LlamaConfigWriter.WriteNew(other));

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(Family, VocabSize, HiddenSize, IntermediateSize, NumHiddenLayers, NumAttentionHeads, MaxPositionEmbeddings);

    // What transformers would silently compute otherwise for the family is refused, else an export would not be the model that was trained.
    private void ValidateFamily(ConfigCheck check)
    {
        if (Family == ModelFamily.Llama)
        {
            check.Range("hidden_size", HiddenSize, HiddenSize % NumAttentionHeads == 0,
                $"a multiple of num_attention_heads, {NumAttentionHeads}, with model_type llama");
            check.Range("sliding_window", SlidingWindow ?? 0, SlidingWindow is null, "null with model_type llama (mistral has windows)");
            check.Range("layer_types", LayerTypes.Length, !LayerTypes.Contains(AttentionSpan.Sliding),
                "only full_attention with model_type llama (mistral has windows)");
            return;
        }
        check.Range("attention_bias", AttentionBias ? 1 : 0, !AttentionBias, "false with model_type mistral (llama has biases)");
        check.Range("mlp_bias", MlpBias ? 1 : 0, !MlpBias, "false with model_type mistral (llama has biases)");
        check.Range("layer_types", LayerTypes.Length, SlidingWindow is not null || !LayerTypes.Contains(AttentionSpan.Sliding),
            "only full_attention where sliding_window is null");
    }

    private static LlamaConfig Checked(LlamaConfig config)
    {
        config.Validate(config.Source?.File ?? "config.json");
        return config;
    }
}
