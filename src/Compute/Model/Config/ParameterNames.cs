namespace ActorRing.Compute.Model.Config;

// D hidden size, F MLP width, V vocabulary, N query heads, K key and value heads, H head dim.

/// <summary>The parameters of a model under the names that Hugging Face files give them.</summary>
public static class ParameterNames
{
    /// <summary><c>[V, D]</c>.</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>The last norm, <c>[D]</c>.</summary>
    public const string Norm = "model.norm.weight";

    /// <summary><c>[V, D]</c>; absent where it is the embedding.</summary>
    public const string LmHead = "lm_head.weight";

    /// <summary>Name of a layer's parameter.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part">For example <c>self_attn.q_proj.weight</c>.</param>
    public static string OfLayer(int layer, string part) => $"model.layers.{layer}.{part}";

    /// <summary>All parameters in the order of the forward pass. Weights of linear layers are <c>[out, in]</c>.</summary>
    /// <param name="config">The model.</param>
    public static IReadOnlyList<ParameterShape> Of(LlamaConfig config)
    {
        var (d, f, v) = ((long)config.HiddenSize, (long)config.IntermediateSize, (long)config.VocabSize);
        var (queries, keys) = ((long)config.NumAttentionHeads * config.HeadDim, (long)config.NumKeyValueHeads * config.HeadDim);
        List<ParameterShape> parameters = [new(Embedding, [v, d])];
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            parameters.Add(new(OfLayer(layer, "input_layernorm.weight"), [d]));
            AddLinear(layer, "self_attn.q_proj", queries, d, config.AttentionBias);
            AddLinear(layer, "self_attn.k_proj", keys, d, config.AttentionBias);
            AddLinear(layer, "self_attn.v_proj", keys, d, config.AttentionBias);
            AddLinear(layer, "self_attn.o_proj", d, queries, config.AttentionBias);
            parameters.Add(new(OfLayer(layer, "post_attention_layernorm.weight"), [d]));
            AddLinear(layer, "mlp.gate_proj", f, d, config.MlpBias);
            AddLinear(layer, "mlp.up_proj", f, d, config.MlpBias);
            AddLinear(layer, "mlp.down_proj", d, f, config.MlpBias);
        }
        parameters.Add(new(Norm, [d]));
        if (!config.TieWordEmbeddings)
        {
            parameters.Add(new(LmHead, [v, d]));
        }
        return parameters;

        void AddLinear(int layer, string part, long outputs, long inputs, bool bias)
        {
            parameters.Add(new(OfLayer(layer, part + ".weight"), [outputs, inputs]));
            if (bias)
            {
                parameters.Add(new(OfLayer(layer, part + ".bias"), [outputs]));
            }
        }
    }
}
