using System.Text;
using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;

namespace ActorRing.Compute.Specs.Model.Config;

public sealed class LlamaConfigWriterSpec
{
    [Theory]
    [InlineData(ConfigJson.LlamaV4)]
    [InlineData(ConfigJson.LlamaV5)]
    [InlineData(ConfigJson.Mistral)]
    [InlineData("""{ "vocab_size":9,"hidden_size" :24,"intermediate_size":5 , "num_hidden_layers":1,"num_attention_heads":3,"model_type":"llama" } """)]
    public void File_must_be_byte_equal_when_nothing_changed(string json) => Assert.Equal(json, Text(ConfigJson.Parse(json)));

    [Fact]
    public void File_must_differ_only_in_the_changed_values_when_theta_and_length_change()
    {
        var v4 = ConfigJson.Parse(ConfigJson.LlamaV4).WithRopeTheta(25_000_000).WithMaxPositionEmbeddings(65_536);
        var v5 = ConfigJson.Parse(ConfigJson.LlamaV5).WithRopeTheta(25_000_000).WithMaxPositionEmbeddings(65_536);

        Assert.Equal(ConfigJson.LlamaV4.Replace("500000.0", "25000000.0", StringComparison.Ordinal).Replace(": 4096", ": 65536", StringComparison.Ordinal),
            Text(v4));
        Assert.Equal(ConfigJson.LlamaV5.Replace("500000.0", "25000000.0", StringComparison.Ordinal).Replace(": 4096", ": 65536", StringComparison.Ordinal),
            Text(v5));
        Assert.Equal(v4, v5);
        Assert.Equal(v4, ConfigJson.Parse(Text(v4)));
        Assert.Equal(v5, ConfigJson.Parse(Text(v5)));
    }

    [Fact]
    public void File_must_get_the_key_behind_its_last_one_when_it_had_none()
    {
        const string json = "{\n    \"model_type\": \"llama\",\n    \"vocab_size\": 9, "
            + "\"hidden_size\": 24, \"intermediate_size\": 5, \"num_hidden_layers\": 1,\n    \"num_attention_heads\": 3\n}\n";

        var text = Text(ConfigJson.Parse(json).WithRopeTheta(1e6) with { Dtype = SafetensorsDtype.F16 });

        Assert.Equal(json.Replace("heads\": 3", "heads\": 3,\n    \"torch_dtype\": \"float16\",\n    \"rope_theta\": 1000000.0", StringComparison.Ordinal),
            text);
    }

    [Fact]
    public void File_must_keep_its_spelling_of_the_dtype_when_that_changes()
    {
        Assert.Contains("\"dtype\": \"float32\"", Text(ConfigJson.Parse(ConfigJson.LlamaV5) with { Dtype = SafetensorsDtype.F32 }), StringComparison.Ordinal);
        Assert.DoesNotContain("torch_dtype", Text(ConfigJson.Parse(ConfigJson.LlamaV5) with { Dtype = SafetensorsDtype.F32 }), StringComparison.Ordinal);
        Assert.Contains("\"torch_dtype\": \"float32\"", Text(ConfigJson.Parse(ConfigJson.LlamaV4) with { Dtype = SafetensorsDtype.F32 }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void File_must_keep_both_bases_equal_when_a_v5_file_says_it_twice()
    {
        var changed = Text(ConfigJson.Parse(ConfigJson.With(ConfigJson.LlamaV5, "rope_theta", "500000.0")).WithRopeTheta(2_000_000));

        Assert.DoesNotContain("500000.0", changed, StringComparison.Ordinal);
        Assert.Equal(2_000_000, ConfigJson.Parse(changed).Rope.Theta);
    }

    [Fact]
    public void Every_property_must_survive_when_it_is_changed_and_written()
    {
        var mistral = ConfigJson.Parse(ConfigJson.Mistral) with
        {
            SlidingWindow = 9, LayerTypes = [AttentionSpan.Sliding, AttentionSpan.Full, AttentionSpan.Full, AttentionSpan.Sliding], BosTokenId = null,
            EosTokenIds = [5],
        };
        var llama = ConfigJson.Parse(ConfigJson.LlamaV5) with
        {
            VocabSize = 1001, HiddenSize = 32, IntermediateSize = 7, NumHiddenLayers = 2, NumAttentionHeads = 4, NumKeyValueHeads = 1, HeadDim = 12,
            MaxPositionEmbeddings = 3,
            Rope = new LinearRope(77.5, 3), RmsNormEps = 1.25e-7, TieWordEmbeddings = false, AttentionBias = true, MlpBias = true, InitializerRange = 0.125,
            BosTokenId = 4,
            EosTokenIds = [], Dtype = SafetensorsDtype.F32,
        };

        foreach (var config in new[] { mistral, llama, mistral with { Source = null }, llama with { Source = null }, mistral with { LayerTypes = [] } })
        {
            Assert.Equal(config, ConfigJson.Parse(Text(config)));
        }
    }

    [Fact]
    public void File_must_have_these_bytes_when_the_model_is_new()
    {
        var config = new LlamaConfig
        {
            Family = ModelFamily.Llama, VocabSize = 256, HiddenSize = 64, IntermediateSize = 128, NumHiddenLayers = 2, NumAttentionHeads = 4,
            NumKeyValueHeads = 2, HeadDim = 16,
            MaxPositionEmbeddings = 512, Rope = new YarnRope(1e6, 4), RmsNormEps = 1e-5, EosTokenIds = [0, 3],
        };

        var expected = """
            {
              "architectures": ["LlamaForCausalLM"],
              "attention_bias": false,
              "attention_dropout": 0.0,
              "bos_token_id": null,
              "eos_token_id": [0, 3],
              "head_dim": 16,
              "hidden_act": "silu",
              "hidden_size": 64,
              "initializer_range": 0.02,
              "intermediate_size": 128,
              "max_position_embeddings": 512,
              "mlp_bias": false,
              "model_type": "llama",
              "num_attention_heads": 4,
              "num_hidden_layers": 2,
              "num_key_value_heads": 2,
              "rms_norm_eps": 1e-05,
              "rope_scaling": {"beta_fast": 32.0, "beta_slow": 1.0, "factor": 4.0, "rope_type": "yarn"},
              "rope_theta": 1000000.0,
              "tie_word_embeddings": false,
              "torch_dtype": null,
              "use_cache": true,
              "vocab_size": 256
            }

            """;
        Assert.Equal(expected, Text(config));
        Assert.Equal(config, ConfigJson.Parse(expected));
    }

    [Theory]
    [InlineData(10_000, "10000.0")]
    [InlineData(1e9, "1000000000.0")]
    [InlineData(0.02, "0.02")]
    [InlineData(1e-5, "1e-05")]
    [InlineData(1.25e-7, "1.25e-07")]
    [InlineData(1e16, "10000000000000000.0")]
    [InlineData(1e25, "1e+25")]
    [InlineData(123456789.125, "123456789.125")]
    public void Number_must_look_as_python_writes_it_when_it_is_written(double value, string text) => Assert.Equal(text, JsonText.Number(value));

    [Theory]
    [InlineData("""{}""", "x", """{"x": 1}""")]
    [InlineData("""{"a": {"x": 2}, "x": 3}""", "x", """{"a": {"x": 2}, "x": 1}""")]
    [InlineData("""{"a": {"x": 2} , "b":[{"x":0}] }""", "x", """{"a": {"x": 2} , "b":[{"x":0}],"x": 1 }""")]
    [InlineData("""{"\u0078": [1, {"y": 2}], "z": "é"}""", "x", """{"\u0078": 1, "z": "é"}""")]
    public void Set_must_touch_only_that_key_when_others_look_like_it(string json, string key, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(JsonText.Set(Encoding.UTF8.GetBytes(json), [key], "1")));

    private static string Text(LlamaConfig config) => Encoding.UTF8.GetString(config.ToJson());
}
