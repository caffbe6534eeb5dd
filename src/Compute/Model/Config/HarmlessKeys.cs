using System.Collections.Frozen;

namespace ActorRing.Compute.Model.Config;

/// <summary>Keys of <c>config.json</c> whose values do not change what a causal language model computes for given tokens.</summary>
/// <remarks>
/// A key belongs here only if transformers' Llama and Mistral ignore it, or use it for generation, caching, bookkeeping or other tasks alone.
/// </remarks>
internal static class HarmlessKeys
{
    private static readonly FrozenSet<string> Keys = new[]
    {
        // Bookkeeping.
        "_name_or_path", "_commit_hash", "transformers_version", "tokenizer_class", "max_sequence_length", "unsloth_version", "unsloth_fixed", "use_cache",
        "torchscript", "tf_legacy_loss", "use_bfloat16", "gradient_checkpointing", "return_dict", "output_attentions", "output_hidden_states",

        // Which of several equivalent implementations runs.
        "_attn_implementation", "_attn_implementation_autoset", "_attn_implementation_internal", "attn_implementation", "_flash_attn_2_enabled",

        // Other tasks.
        "id2label", "label2id", "problem_type", "task_specific_params", "finetuning_task", "decoder_start_token_id", "is_decoder", "sep_token_id",
        "pad_token_id",

        // Generation.
        "bad_words_ids", "begin_suppress_tokens", "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size",
        "exponential_decay_length_penalty",
        "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "max_length", "max_new_tokens", "min_length", "no_repeat_ngram_size", "num_beam_groups",
        "num_beams", "num_return_sequences", "output_scores", "prefix", "remove_invalid_values", "repetition_penalty", "return_dict_in_generate",
        "suppress_tokens",
        "temperature", "top_k", "top_p", "typical_p",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether a key may have any value.</summary>
    public static bool Contains(string key) => Keys.Contains(key);
}
