using System.Collections.Immutable;
using System.Text.Json;
using ActorRing.Compute.Checkpoints;
using ActorRing.Compute.Checkpoints.Safetensors;

namespace ActorRing.Compute.Model.Config;

/// <summary>Reads the keys of <c>config.json</c>; absent ones get the defaults of transformers' <c>LlamaConfig</c> and <c>MistralConfig</c>.</summary>
internal static class LlamaConfigReader
{
    private const string Allowed = "a key of LlamaConfig or MistralConfig; anything else could change the mathematics";

    /// <summary>Parses and checks a whole file.</summary>
    public static LlamaConfig Parse(ReadOnlySpan<byte> json, string file)
    {
        var bytes = json.ToArray();
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            var config = Read(new ConfigObject(document.RootElement, file)) with { Source = new ConfigSource(file, bytes) };
            config.Validate(file);
            return config;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{file}: is not JSON, or has a key twice or text that is not Unicode: {Quote.Of(fault.Message)}", fault);
        }
    }

    private static LlamaConfig Read(ConfigObject root)
    {
        var family = ReadFamily(root);
        var isLlama = family == ModelFamily.Llama;
        RefuseOtherArithmetic(root);
        var hiddenSize = root.RequiredInt("hidden_size");
        var heads = root.RequiredInt("num_attention_heads");
        root.Check.Range("num_attention_heads", heads, 1, int.MaxValue);
        var config = new LlamaConfig
        {
            Family = family,
            VocabSize = root.RequiredInt("vocab_size"),
            HiddenSize = hiddenSize,
            IntermediateSize = root.RequiredInt("intermediate_size"),
            NumHiddenLayers = root.RequiredInt("num_hidden_layers"),
            NumAttentionHeads = heads,
            NumKeyValueHeads = ReadKeyValueHeads(root, family, heads),
            HeadDim = root.Int("head_dim") ?? HeadDimOf(root, hiddenSize, heads),
            MaxPositionEmbeddings = root.Int("max_position_embeddings") ?? (isLlama ? 2048 : 131_072),
            Rope = RopeJson.Read(root),
            RmsNormEps = root.Number("rms_norm_eps") ?? 1e-6,
            TieWordEmbeddings = root.Bool("tie_word_embeddings") ?? false,
            AttentionBias = root.Bool("attention_bias") ?? false,
            MlpBias = root.Bool("mlp_bias") ?? false,
            SlidingWindow = ReadWindow(root, family),
            LayerTypes = ReadLayerTypes(root),
            InitializerRange = root.Number("initializer_range") ?? 0.02,
            BosTokenId = root.Int("bos_token_id"),
            EosTokenIds = ReadEos(root),
            Dtype = ReadDtype(root, "dtype") ?? ReadDtype(root, "torch_dtype"),
        };
        root.RefuseUnknown(HarmlessKeys.Contains, Allowed);
        return config;
    }

    private static ModelFamily ReadFamily(ConfigObject root)
    {
        const string allowed = "'llama' or 'mistral'";
        var family = root.Text("model_type") switch
        {
            "llama" => ModelFamily.Llama,
            "mistral" => ModelFamily.Mistral,
            var other => throw root.Check.Refusal("model_type", other is null ? "missing" : Quote.Of(other), allowed),
        };
        var name = LlamaConfigWriter.Architecture(family);
        return root.Element("architectures") is { } list && !IsListOf(list, name)
            ? throw root.Refusal("architectures", list, $"[\"{name}\"] or absent")
            : family;
    }

    private static bool IsListOf(JsonElement list, string name) =>
        list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == 1 && list[0].ValueKind == JsonValueKind.String && list[0].GetString() == name;

    // Keys that name another computation; their neutral values are common in files.
    private static void RefuseOtherArithmetic(ConfigObject root)
    {
        root.MustBe("hidden_act", "\"silu\"");
        root.MustBe("pretraining_tp", "1");
        root.MustBe("attention_dropout", "0", "0.0");
        root.MustBe("partial_rotary_factor", "1", "1.0");
        root.MustBe("chunk_size_feed_forward", "0");
        root.MustBe("is_encoder_decoder", "false");
        root.MustBe("tie_encoder_decoder", "false");
        root.MustBe("add_cross_attention", "false");
        root.MustBe("cross_attention_hidden_size", "null");
        root.MustBe("pruned_heads", "{}");
        root.MustBe("quantization_config", "null");
        root.MustBe("rope_interleaved", "false");
    }

    private static int HeadDimOf(ConfigObject root, int hiddenSize, int heads) =>
        hiddenSize % heads == 0
            ? hiddenSize / heads
            : throw root.Check.Refusal("hidden_size", $"{hiddenSize}", $"a multiple of num_attention_heads, {heads}, where head_dim is absent");

    // Absent and null differ for mistral: its class assumes 8 and 4096 for absent keys.
    private static int ReadKeyValueHeads(ConfigObject root, ModelFamily family, int heads) =>
        root.Int("num_key_value_heads") ?? (family == ModelFamily.Mistral && !root.IsNull("num_key_value_heads") ? 8 : heads);

    private static int? ReadWindow(ConfigObject root, ModelFamily family) =>
        root.Int("sliding_window") ?? (family == ModelFamily.Mistral && !root.IsNull("sliding_window") ? 4096 : null);

    private static ImmutableArray<AttentionSpan> ReadLayerTypes(ConfigObject root)
    {
        if (root.Element("layer_types") is not { } list)
        {
            return [];
        }
        const string allowed = "a list of \"full_attention\" and \"sliding_attention\"";
        return list.ValueKind != JsonValueKind.Array
            ? throw root.Refusal("layer_types", list, allowed)
            : [.. list.EnumerateArray().Select(element => element.GetRawText() switch
            {
                "\"full_attention\"" => AttentionSpan.Full,
                "\"sliding_attention\"" => AttentionSpan.Sliding,
                _ => throw root.Refusal("layer_types", element, allowed),
            })];
    }

    private static ImmutableArray<int> ReadEos(ConfigObject root) => root.Element("eos_token_id") switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(element =>
            element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var id)
                ? id
                : throw root.Refusal("eos_token_id", element, "an integer or a list of them"))],
        _ => [root.RequiredInt("eos_token_id")],
    };

    private static SafetensorsDtype? ReadDtype(ConfigObject root, string key) => root.Text(key) switch
    {
        null => null,
        "float32" => SafetensorsDtype.F32,
        "float16" => SafetensorsDtype.F16,
        "bfloat16" => SafetensorsDtype.BF16,
        var other => throw root.Check.Refusal(key, Quote.Of(other), "'float32', 'float16' or 'bfloat16'"),
    };
}
