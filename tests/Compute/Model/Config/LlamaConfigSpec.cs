using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;

namespace ActorRing.Compute.Specs.Model.Config;

public sealed class LlamaConfigSpec
{
    [Fact]
    public void Config_must_hold_these_values_when_a_llama_file_is_read()
    {
        var config = ConfigJson.Parse(ConfigJson.LlamaV4);

        Assert.Equal(
            (ModelFamily.Llama, 1000, 48, 100, 3, 6, 2, 8, 4096),
            (config.Family, config.VocabSize, config.HiddenSize, config.IntermediateSize, config.NumHiddenLayers, config.NumAttentionHeads,
                config.NumKeyValueHeads, config.HeadDim,
                config.MaxPositionEmbeddings));
        Assert.Equal(new Llama3Rope(500_000, 8, 1, 4, 512), config.Rope);
        Assert.Equal((1e-5, true, false, false, 0.02),
            (config.RmsNormEps, config.TieWordEmbeddings, config.AttentionBias, config.MlpBias, config.InitializerRange));
        Assert.Equal((1, SafetensorsDtype.BF16), (config.BosTokenId, config.Dtype));
        Assert.Equal([2, 3], config.EosTokenIds.ToArray());
        Assert.Null(config.WindowOf(2));
    }

    [Fact]
    public void Config_must_be_the_same_when_it_is_read_in_the_v4_and_the_v5_form()
    {
        var (v4, v5) = (ConfigJson.Parse(ConfigJson.LlamaV4), ConfigJson.Parse(ConfigJson.LlamaV5));

        Assert.Equal(v4, v5);
        Assert.Equal(v4.GetHashCode(), v5.GetHashCode());
        Assert.NotEqual(v4, v5.WithRopeTheta(500_001));
    }

    [Fact]
    public void Config_must_take_the_defaults_of_transformers_when_keys_are_absent()
    {
        var llama = ConfigJson.Parse(
            """{"model_type":"llama","vocab_size":9,"hidden_size":24,"intermediate_size":5,"num_hidden_layers":1,"num_attention_heads":3}""");
        var mistral = ConfigJson.Parse(
            """{"model_type":"mistral","vocab_size":9,"hidden_size":32,"intermediate_size":5,"num_hidden_layers":1,"num_attention_heads":16}""");

        Assert.Equal((3, 8, 2048, 1e-6, null), (llama.NumKeyValueHeads, llama.HeadDim, llama.MaxPositionEmbeddings, llama.RmsNormEps, llama.SlidingWindow));
        Assert.Equal((8, 2, 131_072, 4096), (mistral.NumKeyValueHeads, mistral.HeadDim, mistral.MaxPositionEmbeddings, mistral.SlidingWindow));
        Assert.Equal(new DefaultRope(10_000), llama.Rope);
        Assert.Empty(llama.EosTokenIds);
        Assert.Null(llama.Dtype);
    }

    [Fact]
    public void Config_must_give_each_layer_its_window_when_mistral_has_layer_types()
    {
        var all = ConfigJson.Parse(ConfigJson.Mistral);
        var none = ConfigJson.Parse(ConfigJson.With(ConfigJson.Mistral, "sliding_window", "null"));
        var some = ConfigJson.Parse(ConfigJson.With(
            ConfigJson.Mistral, "layer_types", """["full_attention", "sliding_attention", "sliding_attention", "full_attention"]"""));

        Assert.Equal([7, 7, 7, 7], Enumerable.Range(0, 4).Select(all.WindowOf));
        Assert.Equal([null, null, null, null], Enumerable.Range(0, 4).Select(none.WindowOf));
        Assert.Equal([null, 7, 7, null], Enumerable.Range(0, 4).Select(some.WindowOf));
        Assert.Equal(16, some.HeadDim);
    }

    [Theory]
    [InlineData("model_type", "\"qwen2\"", "model_type = 'qwen2': allowed is 'llama' or 'mistral'")]
    [InlineData("model_type", null, "model_type = missing: allowed is 'llama' or 'mistral'")]
    [InlineData("architectures", "[\"LlamaForSequenceClassification\"]", "allowed is [\"LlamaForCausalLM\"] or absent")]
    [InlineData("architectures", "[\"LlamaForCausalLM\",\"X\"]", "allowed is [\"LlamaForCausalLM\"] or absent")]
    [InlineData("hidden_size", null, "hidden_size = missing: allowed is an integer")]
    [InlineData("hidden_size", "49", "hidden_size = 49: allowed is a multiple of num_attention_heads, 6, where head_dim is absent")]
    [InlineData("hidden_size", "48.5", "hidden_size = '48.5': allowed is an integer below 2^31")]
    [InlineData("hidden_size", "\"48\"", "hidden_size = '\"48\"': allowed is an integer below 2^31")]
    [InlineData("hidden_size", "2097150", "hidden_size = 2097150: allowed is an integer from 1 to 1048576")]
    [InlineData("hidden_size", "99999999999", "hidden_size = '99999999999': allowed is an integer below 2^31")]
    [InlineData("vocab_size", "0", "vocab_size = 0: allowed is an integer from 1 to 16777216")]
    [InlineData("intermediate_size", "-1", "intermediate_size = -1")]
    [InlineData("num_hidden_layers", "0", "num_hidden_layers = 0")]
    [InlineData("num_attention_heads", "0", "num_attention_heads = 0")]
    [InlineData("num_key_value_heads", "4", "num_key_value_heads = 4: allowed is a divisor of num_attention_heads, 6")]
    [InlineData("num_key_value_heads", "12", "num_key_value_heads = 12: allowed is an integer from 1 to 6")]
    [InlineData("head_dim", "7", "head_dim = 7: allowed is an even integer from 2 to 4096")]
    [InlineData("max_position_embeddings", "0", "max_position_embeddings = 0")]
    [InlineData("rms_norm_eps", "0", "rms_norm_eps = 0: allowed is above 0")]
    [InlineData("rms_norm_eps", "1e400", "rms_norm_eps = '1e400': allowed is a finite number")]
    [InlineData("rope_theta", "1", "rope_theta = 1: allowed is above 1")]
    [InlineData("bos_token_id", "1000", "bos_token_id = 1000: allowed is an integer from 0 to 999")]
    [InlineData("eos_token_id", "[2, -1]", "eos_token_id = -1: allowed is an integer from 0 to 999")]
    [InlineData("eos_token_id", "[\"2\"]", "eos_token_id = '\"2\"': allowed is an integer or a list of them")]
    [InlineData("hidden_act", "\"gelu\"", "hidden_act = '\"gelu\"': allowed is \"silu\"")]
    [InlineData("pretraining_tp", "2", "pretraining_tp = '2': allowed is 1")]
    [InlineData("attention_dropout", "0.1", "attention_dropout = '0.1': allowed is 0 or 0.0")]
    [InlineData("partial_rotary_factor", "0.5", "partial_rotary_factor = '0.5': allowed is 1 or 1.0")]
    [InlineData("quantization_config", "{\"bits\": 4}", "quantization_config = '{\"bits\": 4}': allowed is null")]
    [InlineData("torch_dtype", "\"int8\"", "torch_dtype = 'int8': allowed is 'float32', 'float16' or 'bfloat16'")]
    [InlineData("tie_word_embeddings", "1", "tie_word_embeddings = '1': allowed is true or false")]
    [InlineData("sliding_window", "4", "sliding_window = 4: allowed is null with model_type llama")]
    [InlineData("layer_types", "[\"full_attention\",\"full_attention\",\"sliding_attention\"]", "only full_attention with model_type llama")]
    [InlineData("layer_types", "[\"full_attention\"]", "layer_types = 1: allowed is one element for each of 3 layers")]
    [InlineData("layer_types", "[\"chunked_attention\",\"full_attention\",\"full_attention\"]", "layer_types = '\"chunked_attention\"'")]
    [InlineData("attn_logit_softcapping", "50.0", "unknown key 'attn_logit_softcapping' = '50.0': allowed is a key of LlamaConfig or MistralConfig")]
    [InlineData("embedding_multiplier", "null", "unknown key 'embedding_multiplier' = 'null'")]
    public void Config_must_be_refused_by_key_when_a_value_is_not_allowed(string key, string? value, string fault) =>
        AssertRefused(ConfigJson.With(ConfigJson.LlamaV4, key, value), fault);

    [Theory]
    [InlineData("attention_bias", "true", "attention_bias = 1: allowed is false with model_type mistral")]
    [InlineData("mlp_bias", "true", "mlp_bias = 1: allowed is false with model_type mistral")]
    [InlineData("architectures", "[\"LlamaForCausalLM\"]", "allowed is [\"MistralForCausalLM\"] or absent")]
    [InlineData("sliding_window", "0", "sliding_window = 0: allowed is an integer from 1")]
    public void Mistral_must_be_refused_by_key_when_its_class_would_compute_something_else(string key, string value, string fault) =>
        AssertRefused(ConfigJson.With(ConfigJson.Mistral, key, value), fault);

    [Fact]
    public void Mistral_must_be_refused_when_a_layer_slides_without_a_window()
    {
        var types = """["full_attention", "sliding_attention", "full_attention", "full_attention"]""";

        AssertRefused(ConfigJson.With(ConfigJson.With(ConfigJson.Mistral, "sliding_window", "null"), "layer_types", types),
            "only full_attention where sliding_window is null");
    }

    [Theory]
    [InlineData("", "is not JSON")]
    [InlineData("[]", "the file = '[]': allowed is an object")]
    [InlineData("{\"model_type\":\"llama\",\"model_type\":\"llama\"}", "a key twice")]
    [InlineData("{\"\\ud800\":1}", "text that is not Unicode")]
    [InlineData("{\"a\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}", "is not JSON")]
    public void Config_must_be_refused_when_it_is_not_a_proper_object(string json, string fault) => AssertRefused(json, fault);

    [Fact]
    public void Config_must_be_accepted_when_harmless_keys_have_any_value()
    {
        var json = ConfigJson.With(ConfigJson.With(ConfigJson.LlamaV4, "temperature", "\"hot\""), "pad_token_id", "-1");

        Assert.Equal(ConfigJson.Parse(ConfigJson.LlamaV4), ConfigJson.Parse(json));
    }

    [Fact]
    public void Change_must_be_refused_when_the_value_is_not_allowed()
    {
        var config = ConfigJson.Parse(ConfigJson.LlamaV4);

        Assert.Contains("rope_theta = 0.5", Assert.Throws<InvalidDataException>(() => config.WithRopeTheta(0.5)).Message, StringComparison.Ordinal);
        Assert.Contains("rope_theta = NaN", Assert.Throws<InvalidDataException>(() => config.WithRopeTheta(double.NaN)).Message, StringComparison.Ordinal);
        Assert.Contains("max_position_embeddings = 0", Assert.Throws<InvalidDataException>(() => config.WithMaxPositionEmbeddings(0)).Message,
            StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => (config with { HeadDim = 5 }).ToJson());
    }

    [Fact]
    public void Config_must_print_when_it_is_logged() =>
        Assert.Contains("HiddenSize = 48", ConfigJson.Parse(ConfigJson.LlamaV4).ToString(), StringComparison.Ordinal);

    private static void AssertRefused(string json, string fault)
    {
        var message = Assert.Throws<InvalidDataException>(() => ConfigJson.Parse(json)).Message;

        Assert.StartsWith("config.json: ", message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
