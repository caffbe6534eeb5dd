using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;

namespace ActorRing.Compute.Specs.Model.Config;

public sealed class RopeJsonSpec
{
    // Half of head_dim 8.
    private static readonly double[] Short = [1, 1.5, 2, 4];
    private static readonly double[] Long = [1, 3, 6, 9.25];

    public static TheoryData<string, RopeParameters> Types => new()
    {
        { """{"rope_type": "default"}""", new DefaultRope(500_000) },
        { "{}", new DefaultRope(500_000) },
        { "null", new DefaultRope(500_000) },
        { """{"type": "linear", "factor": 4}""", new LinearRope(500_000, 4) },
        { """{"type": "linear", "rope_type": "linear", "factor": 2.5}""", new LinearRope(500_000, 2.5) },
        { """{"rope_type": "dynamic", "factor": 2.0}""", new DynamicRope(500_000, 2) },
        { """{"rope_type": "yarn", "factor": 16.0}""", new YarnRope(500_000, 16) },
        {
            """{"rope_type": "yarn", "factor": null, "original_max_position_embeddings": 512, "beta_fast": 24, "beta_slow": 2,"""
            + """ "mscale": 0.7, "mscale_all_dim": 0.8, "attention_factor": 1.5, "truncate": false}""",
            new YarnRope(500_000, null) { OriginalMaxPositionEmbeddings = 512, BetaFast = 24, BetaSlow = 2, MScale = 0.7, MScaleAllDim = 0.8,
                AttentionFactor = 1.5, Truncate = false }
        },
        {
            """{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 512}""",
            new Llama3Rope(500_000, 8, 1, 4, 512)
        },
        {
            """{"rope_type": "longrope", "short_factor": [1, 1.5, 2, 4], "long_factor": [1, 3, 6, 9.25], "factor": 4.0,"""
            + """ "attention_factor": 1.25, "original_max_position_embeddings": 1024}""",
            new LongRope(500_000, [.. Short], [.. Long]) { Factor = 4, AttentionFactor = 1.25, OriginalMaxPositionEmbeddings = 1024 }
        },
        { """{"rope_type": "longrope", "short_factor": [1, 1.5, 2, 4], "long_factor": [1, 3, 6, 9.25]}""", new LongRope(500_000, [.. Short], [.. Long]) },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public void Rope_must_be_the_same_in_both_forms_and_after_writing_when_its_type_is_known(string scaling, RopeParameters expected)
    {
        var v4 = ConfigJson.Parse(ConfigJson.With(ConfigJson.LlamaV4, "rope_scaling", scaling));
        var inside = scaling is "null" or "{}" ? """{"rope_theta": 500000.0}""" : scaling.Insert(1, "\"rope_theta\": 500000.0, ");
        var v5 = ConfigJson.Parse(ConfigJson.With(ConfigJson.LlamaV5, "rope_parameters", inside));

        Assert.Equal(expected, v4.Rope);
        Assert.Equal(expected.GetHashCode(), v4.Rope.GetHashCode());
        Assert.Equal(expected, v5.Rope);
        // As a new file, and put into files of either form that said something else.
        Assert.Equal(expected, LlamaConfig.Parse((v4 with { Source = null }).ToJson(), "new").Rope);
        foreach (var file in new[] { ConfigJson.LlamaV4, ConfigJson.LlamaV5, ConfigJson.With(ConfigJson.LlamaV4, "rope_scaling", null) })
        {
            Assert.Equal(expected, LlamaConfig.Parse((ConfigJson.Parse(file) with { Rope = expected }).ToJson(), "edited").Rope);
        }
    }

    [Theory]
    [InlineData("""{"rope_type": "mrope", "factor": 2.0}""", "rope_type = 'mrope': allowed is 'default', 'linear', 'dynamic', 'yarn', 'llama3' or 'longrope'")]
    [InlineData("""{"type": "su"}""", "type = 'su': allowed is")]
    [InlineData("""{"type": "linear", "rope_type": "dynamic", "factor": 2.0}""", "type = 'linear': allowed is the same as rope_type, 'dynamic'")]
    [InlineData("""{"rope_type": "linear"}""", "rope_scaling.factor = missing")]
    [InlineData("""{"rope_type": "linear", "factor": 0.5}""", "factor = 0.5: allowed is a number from 1")]
    [InlineData("""{"rope_type": "linear", "factor": "2"}""", "rope_scaling.factor = '\"2\"': allowed is a finite number")]
    [InlineData(
        """{"rope_type": "linear", "factor": 2.0, "mrope_section": [1]}""",
        "unknown key rope_scaling.'mrope_section' = '[1]': allowed is a key that rope_type 'linear' reads")]
    [InlineData("""{"rope_type": "default", "factor": 2.0}""", "unknown key rope_scaling.'factor'")]
    [InlineData("""{"rope_type": "yarn"}""", "rope_scaling.factor = missing")]
    [InlineData("""{"rope_type": "yarn", "factor": 2, "beta_fast": 1, "beta_slow": 2}""", "beta_fast = 1: allowed is at least beta_slow, 2")]
    [InlineData("""{"rope_type": "yarn", "factor": 2, "beta_slow": 0}""", "beta_slow = 0: allowed is above 0")]
    [InlineData("""{"rope_type": "yarn", "factor": 2, "attention_factor": -1}""", "attention_factor = -1")]
    [InlineData("""{"rope_type": "yarn", "factor": 2, "original_max_position_embeddings": 0}""", "original_max_position_embeddings = 0")]
    [InlineData(
        """{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4}""",
        "rope_scaling.original_max_position_embeddings = missing")]
    [InlineData(
        """{"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4, "original_max_position_embeddings": 512}""",
        "high_freq_factor = 4: allowed is above low_freq_factor, 4")]
    [InlineData("""{"rope_type": "longrope", "short_factor": [1, 1, 1], "long_factor": [1, 1, 1, 1]}""", "short_factor = 3: allowed is 4 numbers")]
    [InlineData("""{"rope_type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": [1, 1, 1, 0]}""", "long_factor = 0: allowed is numbers above 0")]
    [InlineData(
        """{"rope_type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": 2}""",
        "rope_scaling.long_factor = '2': allowed is a list of numbers")]
    [InlineData(
        """{"rope_type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": [1, 1, 1, 1], "original_max_position_embeddings": 1}""",
        "original_max_position_embeddings = 1: allowed is at least 2")]
    [InlineData("[]", "rope_scaling = '[]': allowed is an object")]
    public void Rope_must_be_refused_by_key_when_its_scaling_is_not_understood(string scaling, string fault) =>
        AssertRefused(ConfigJson.With(ConfigJson.LlamaV4, "rope_scaling", scaling), fault);

    [Fact]
    public void Rope_must_be_refused_when_two_places_disagree()
    {
        AssertRefused(ConfigJson.With(ConfigJson.LlamaV5, "rope_theta", "10000.0"),
            "rope_theta = 10000: allowed is the same as rope_parameters.rope_theta, 500000");
        AssertRefused(ConfigJson.With(ConfigJson.LlamaV5, "rope_scaling", """{"rope_type": "default"}"""), "allowed is null beside rope_parameters");
        AssertRefused(ConfigJson.With(ConfigJson.LlamaV4, "original_max_position_embeddings", "511"),
            "original_max_position_embeddings = 511: allowed is the same inside and outside");
        AssertRefused(
            ConfigJson.With(ConfigJson.LlamaV5, "rope_parameters", """{"full_attention": {"rope_type": "default"}}"""),
            "unknown key rope_parameters.'full_attention'");
    }

    [Fact]
    public void Rope_must_take_the_pretrained_length_from_outside_when_the_file_keeps_it_there()
    {
        var scaling = """{"rope_type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": [2, 2, 2, 2]}""";
        var json = ConfigJson.With(ConfigJson.With(ConfigJson.LlamaV4, "rope_scaling", scaling), "original_max_position_embeddings", "2048");

        Assert.Equal(2048, Assert.IsType<LongRope>(ConfigJson.Parse(json).Rope).OriginalMaxPositionEmbeddings);
        AssertRefused(ConfigJson.With(ConfigJson.With(json, "rope_scaling", "null"), "original_max_position_embeddings", "2048"),
            "unknown key 'original_max_position_embeddings'");
    }

    private static void AssertRefused(string json, string fault) =>
        Assert.Contains(fault, Assert.Throws<InvalidDataException>(() => ConfigJson.Parse(json)).Message, StringComparison.Ordinal);
}
