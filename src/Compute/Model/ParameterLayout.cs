using ActorRing.Compute.Sharding;

namespace ActorRing.Compute.Model;

// Shape letters: D model dim, N query heads, K KV heads, H head dim, F MLP dim, V vocabulary.

/// <summary>
/// Places every parameter in one flat vector: all matrices first, then all vectors (norms, biases), so that weight decay is one range; q, k, v of a layer side by side, and gate and
/// up, so that each pair or triple is one product. Groups start at multiples of 16 elements.
/// </summary>
public sealed class ParameterLayout
{
    private const long Alignment = 16;
    private readonly List<ParameterSlot> _slots = [];
    private long _next;

    /// <summary>Lays out the parameters of a model.</summary>
    public ParameterLayout(ModelDims dims)
    {
        ArgumentNullException.ThrowIfNull(dims);
        Dims = dims;
        long width = dims.Width;
        long qWidth = dims.AttentionWidth;
        long kvWidth = (long)dims.KvHeads * dims.HeadSize;
        var layers = new LayerOffsets[dims.Layers];

        Embedding = Place("model.embed_tokens.weight", dims.Vocabulary, width);
        for (var layer = 0; layer < dims.Layers; layer++)
        {
            var attention = $"model.layers.{layer}.self_attn.";
            var mlp = $"model.layers.{layer}.mlp.";
            layers[layer].Qkv = Group((attention + "q_proj.weight", [qWidth, width]), (attention + "k_proj.weight", [kvWidth, width]), (attention + "v_proj.weight", [kvWidth, width]));
            layers[layer].Output = Place(attention + "o_proj.weight", width, qWidth);
            layers[layer].GateUp = Group((mlp + "gate_proj.weight", [dims.MlpWidth, width]), (mlp + "up_proj.weight", [dims.MlpWidth, width]));
            layers[layer].Down = Place(mlp + "down_proj.weight", width, dims.MlpWidth);
        }

        LmHead = dims.TiedEmbeddings ? Embedding : Place("lm_head.weight", dims.Vocabulary, width);
        MatrixCount = _next;

        for (var layer = 0; layer < dims.Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            layers[layer].AttentionNorm = Place(prefix + "input_layernorm.weight", width);
            layers[layer].MlpNorm = Place(prefix + "post_attention_layernorm.weight", width);
            if (dims.AttentionBias)
            {
                var attention = prefix + "self_attn.";
                layers[layer].QkvBias = Group((attention + "q_proj.bias", [qWidth]), (attention + "k_proj.bias", [kvWidth]), (attention + "v_proj.bias", [kvWidth]));
                layers[layer].OutputBias = Place(attention + "o_proj.bias", width);
            }

            if (dims.MlpBias)
            {
                var mlp = prefix + "mlp.";
                layers[layer].GateUpBias = Group((mlp + "gate_proj.bias", [dims.MlpWidth]), (mlp + "up_proj.bias", [dims.MlpWidth]));
                layers[layer].DownBias = Place(mlp + "down_proj.bias", width);
            }
        }

        FinalNorm = Place("model.norm.weight", width);
        Layers = layers;
        Count = _next;
        Shards = new ShardMap(Count);
    }

    /// <summary>The model's sizes.</summary>
    public ModelDims Dims { get; }

    /// <summary>Every parameter under its Hugging Face name, by offset.</summary>
    public IReadOnlyList<ParameterSlot> Slots => _slots;

    /// <summary>Elements of the flat vector, padding included.</summary>
    public long Count { get; }

    /// <summary>How the flat vector is cut for ranks, digests and checkpoints.</summary>
    public ShardMap Shards { get; }

    /// <summary>Elements before the first norm or bias: the range that weight decay applies to.</summary>
    public long MatrixCount { get; }

    internal long Embedding { get; }

    internal long LmHead { get; }

    internal long FinalNorm { get; }

    internal IReadOnlyList<LayerOffsets> Layers { get; }

    private long Place(string name, params long[] shape) => Group((name, shape));

    private long Group(params ReadOnlySpan<(string Name, long[] Shape)> members)
    {
        _next = (_next + Alignment - 1) / Alignment * Alignment;
        var start = _next;
        foreach (var (name, shape) in members)
        {
            var slot = new ParameterSlot(name, _next, shape);
            _slots.Add(slot);
            _next = checked(_next + slot.Count);
        }

        return start;
    }

    /// <summary>Offsets of one layer's groups.</summary>
    internal struct LayerOffsets
    {
        internal long Qkv;
        internal long Output;
        internal long GateUp;
        internal long Down;
        internal long AttentionNorm;
        internal long MlpNorm;
        internal long QkvBias;
        internal long OutputBias;
        internal long GateUpBias;
        internal long DownBias;
    }
}
