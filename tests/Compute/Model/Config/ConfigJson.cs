using System.Text;
using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Specs.Model.Config;

/// <summary>Small files as Hugging Face writes them, and ways to change them.</summary>
internal static class ConfigJson
{
    public const string LlamaV4 = """
        {
          "_name_or_path": "somewhere/tiny",
          "architectures": [
            "LlamaForCausalLM"
          ],
          "attention_bias": false,
          "attention_dropout": 0.0,
          "bos_token_id": 1,
          "eos_token_id": [2, 3],
          "hidden_act": "silu",
          "hidden_size": 48,
          "initializer_range": 0.02,
          "intermediate_size": 100,
          "max_position_embeddings": 4096,
          "mlp_bias": false,
          "model_type": "llama",
          "num_attention_heads": 6,
          "num_hidden_layers": 3,
          "num_key_value_heads": 2,
          "pretraining_tp": 1,
          "rms_norm_eps": 1e-05,
          "rope_scaling": {
            "factor": 8.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 512,
            "rope_type": "llama3"
          },
          "rope_theta": 500000.0,
          "tie_word_embeddings": true,
          "torch_dtype": "bfloat16",
          "transformers_version": "4.45.0",
          "use_cache": true,
          "vocab_size": 1000
        }

        """;

    public const string LlamaV5 = """
        {
          "architectures": [
            "LlamaForCausalLM"
          ],
          "attention_bias": false,
          "attention_dropout": 0.0,
          "bos_token_id": 1,
          "dtype": "bfloat16",
          "eos_token_id": [2, 3],
          "head_dim": 8,
          "hidden_act": "silu",
          "hidden_size": 48,
          "initializer_range": 0.02,
          "intermediate_size": 100,
          "max_position_embeddings": 4096,
          "mlp_bias": false,
          "model_type": "llama",
          "num_attention_heads": 6,
          "num_hidden_layers": 3,
          "num_key_value_heads": 2,
          "pad_token_id": null,
          "pretraining_tp": 1,
          "rms_norm_eps": 1e-05,
          "rope_parameters": {
            "factor": 8.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 512,
            "rope_theta": 500000.0,
            "rope_type": "llama3"
          },
          "tie_word_embeddings": true,
          "transformers_version": "5.0.0",
          "use_cache": true,
          "vocab_size": 1000
        }

        """;

    public const string Mistral = """
        {
          "architectures": ["MistralForCausalLM"],
          "hidden_size": 40, "intermediate_size": 96, "vocab_size": 300,
          "model_type": "mistral", "num_attention_heads": 4, "num_hidden_layers": 4, "num_key_value_heads": 4, "head_dim": 16,
          "max_position_embeddings": 32768, "rope_theta": 10000.0, "sliding_window": 7, "bos_token_id": 1, "eos_token_id": 2
        }
        """;

    public static LlamaConfig Parse(string json) => LlamaConfig.Parse(Encoding.UTF8.GetBytes(json), "config.json");

    /// <summary>The same file with one key set or, with null, taken out.</summary>
    public static string With(string json, string key, string? value)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        if (value is not null)
        {
            return Encoding.UTF8.GetString(JsonText.Set(bytes, [key], value));
        }
        var fields = System.Text.Json.JsonDocument.Parse(json).RootElement.EnumerateObject().Where(property => property.Name != key);
        return $"{{{string.Join(", ", fields.Select(property => $"\"{property.Name}\": {property.Value.GetRawText()}"))}}}";
    }
}
