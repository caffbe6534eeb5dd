namespace ActorRing.Compute.Model.Config;

/// <summary>The families of models that are computed here; <c>model_type</c> in <c>config.json</c>.</summary>
public enum ModelFamily
{
    /// <summary><c>llama</c>, <c>LlamaForCausalLM</c>: full attention; biases where the config has them.</summary>
    Llama,

    /// <summary><c>mistral</c>, <c>MistralForCausalLM</c>: as Llama without biases, with an optional sliding window.</summary>
    Mistral,
}
