using System.Text;
using System.Text.Json;
using ActorRing.Compute.Checkpoints.Safetensors;

namespace ActorRing.Compute.Model.Config;

/// <summary>Writes <c>config.json</c>.</summary>
internal static class LlamaConfigWriter
{
    /// <summary>Class name that transformers loads for a family.</summary>
    public static string Architecture(ModelFamily family) => family == ModelFamily.Llama ? "LlamaForCausalLM" : "MistralForCausalLM";

    /// <summary>The source with changed values exchanged, or a new file.</summary>
    public static byte[] Write(LlamaConfig config) => config.Source is { } source ? Edit(source, config) : WriteNew(config);

    /// <summary>A new file in the v4 form, whatever the source was: two spaces, keys sorted, as transformers writes.</summary>
    public static byte[] WriteNew(LlamaConfig config)
    {
        var fields = Fields(config);
        var scaling = RopeJson.Fields(config.Rope);
        fields["rope_scaling"] = scaling.Count == 1 ? "null" : JsonText.Object(scaling);
        fields["rope_theta"] = JsonText.Number(config.Rope.Theta);
        return Encoding.UTF8.GetBytes($"{{\n{string.Join(",\n", fields.Select(field => $"  \"{field.Key}\": {field.Value}"))}\n}}\n");
    }

    private static byte[] Edit(ConfigSource source, LlamaConfig config)
    {
        var before = LlamaConfigReader.Parse(source.Json, source.File);
        var json = source.Json;
        using var document = JsonDocument.Parse(source.Json);
        var root = document.RootElement;
        var old = Fields(before);
        foreach (var (key, value) in Fields(config))
        {
            if (old.GetValueOrDefault(key) != value)
            {
                json = JsonText.Set(json, [key == "torch_dtype" && root.TryGetProperty("dtype", out _) ? "dtype" : key], value);
            }
        }
        // A list of layer types has no neutral value but null.
        json = old.ContainsKey("layer_types") && config.LayerTypes.IsEmpty ? JsonText.Set(json, ["layer_types"], "null") : json;
        return EditRope(json, root, before, config);
    }

    private static byte[] EditRope(byte[] json, JsonElement root, LlamaConfig before, LlamaConfig config)
    {
        if (before.Rope == config.Rope)
        {
            return json;
        }
        var v5 = root.TryGetProperty(RopeJson.V5Key, out var parameters) && parameters.ValueKind == JsonValueKind.Object;
        var theta = JsonText.Number(config.Rope.Theta);
        var fields = RopeJson.Fields(config.Rope);
        var sameScaling = fields.SequenceEqual(RopeJson.Fields(before.Rope));
        if (before.Rope.Theta != config.Rope.Theta)
        {
            json = v5 && sameScaling ? JsonText.Set(json, [RopeJson.V5Key, "rope_theta"], theta) : json;
            // A v5 file may say the base outside too; both must stay equal.
            json = !v5 || root.TryGetProperty("rope_theta", out _) ? JsonText.Set(json, ["rope_theta"], theta) : json;
        }
        if (sameScaling)
        {
            return json;
        }
        if (root.TryGetProperty("original_max_position_embeddings", out _))
        {
            var original = fields.GetValueOrDefault("original_max_position_embeddings", "null");
            json = JsonText.Set(json, ["original_max_position_embeddings"], original);
        }
        if (!v5)
        {
            return JsonText.Set(json, ["rope_scaling"], fields.Count == 1 ? "null" : JsonText.Object(fields));
        }
        fields["rope_theta"] = theta;
        return JsonText.Set(json, [RopeJson.V5Key], JsonText.Object(fields));
    }

    private static SortedDictionary<string, string> Fields(LlamaConfig config)
    {
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["architectures"] = $"[\"{Architecture(config.Family)}\"]",
            ["attention_dropout"] = "0.0",
            ["bos_token_id"] = config.BosTokenId is { } bos ? $"{bos}" : "null",
            ["eos_token_id"] = config.EosTokenIds switch
            {
                [] => "null",
                [var only] => $"{only}",
                var several => JsonText.List(several.Select(id => $"{id}")),
            },
            ["head_dim"] = $"{config.HeadDim}",
            ["hidden_act"] = "\"silu\"",
            ["hidden_size"] = $"{config.HiddenSize}",
            ["initializer_range"] = JsonText.Number(config.InitializerRange),
            ["intermediate_size"] = $"{config.IntermediateSize}",
            ["max_position_embeddings"] = $"{config.MaxPositionEmbeddings}",
            ["model_type"] = config.Family == ModelFamily.Llama ? "\"llama\"" : "\"mistral\"",
            ["num_attention_heads"] = $"{config.NumAttentionHeads}",
            ["num_hidden_layers"] = $"{config.NumHiddenLayers}",
            ["num_key_value_heads"] = $"{config.NumKeyValueHeads}",
            ["rms_norm_eps"] = JsonText.Number(config.RmsNormEps),
            ["tie_word_embeddings"] = config.TieWordEmbeddings ? "true" : "false",
            ["torch_dtype"] = config.Dtype switch
            {
                SafetensorsDtype.F32 => "\"float32\"",
                SafetensorsDtype.F16 => "\"float16\"",
                SafetensorsDtype.BF16 => "\"bfloat16\"",
                _ => "null",
            },
            ["use_cache"] = "true",
            ["vocab_size"] = $"{config.VocabSize}",
        };
        if (config.Family == ModelFamily.Llama)
        {
            fields["attention_bias"] = config.AttentionBias ? "true" : "false";
            fields["mlp_bias"] = config.MlpBias ? "true" : "false";
        }
        else
        {
            fields["sliding_window"] = config.SlidingWindow is { } window ? $"{window}" : "null";
        }
        if (!config.LayerTypes.IsEmpty)
        {
            var names = config.LayerTypes.Select(span => span == AttentionSpan.Sliding ? "\"sliding_attention\"" : "\"full_attention\"");
            fields["layer_types"] = JsonText.List(names);
        }
        return fields;
    }
}
