using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Specs.Model.Config;

public sealed class ParameterNamesSpec
{
    [Fact]
    public void Names_must_be_those_of_hugging_face_when_a_mistral_is_listed()
    {
        // D 40, F 96, V 300, N 4, K 4, H 16: N H is not D.
        var config = ConfigJson.Parse(ConfigJson.Mistral) with { NumHiddenLayers = 1, NumKeyValueHeads = 2 };

        Assert.Equal(
            [
                "model.embed_tokens.weight [300, 40]",
                "model.layers.0.input_layernorm.weight [40]",
                "model.layers.0.self_attn.q_proj.weight [64, 40]",
                "model.layers.0.self_attn.k_proj.weight [32, 40]",
                "model.layers.0.self_attn.v_proj.weight [32, 40]",
                "model.layers.0.self_attn.o_proj.weight [40, 64]",
                "model.layers.0.post_attention_layernorm.weight [40]",
                "model.layers.0.mlp.gate_proj.weight [96, 40]",
                "model.layers.0.mlp.up_proj.weight [96, 40]",
                "model.layers.0.mlp.down_proj.weight [40, 96]",
                "model.norm.weight [40]",
                "lm_head.weight [300, 40]",
            ],
            ParameterNames.Of(config).Select(parameter => $"{parameter.Name} [{string.Join(", ", parameter.Shape)}]"));
    }

    [Fact]
    public void Biases_and_head_must_be_listed_when_the_config_has_them()
    {
        var config = ConfigJson.Parse(ConfigJson.LlamaV4) with { AttentionBias = true, MlpBias = true };
        var names = ParameterNames.Of(config).ToDictionary(parameter => parameter.Name, parameter => parameter.Shape.ToArray());

        Assert.Equal(3 * 7, names.Keys.Count(name => name.EndsWith(".bias", StringComparison.Ordinal)));
        Assert.Equal([16], names["model.layers.2.self_attn.v_proj.bias"]);
        Assert.Equal([48], names["model.layers.0.self_attn.o_proj.bias"]);
        Assert.Equal([100], names["model.layers.1.mlp.up_proj.bias"]);
        Assert.DoesNotContain(ParameterNames.LmHead, names.Keys);
    }
}
