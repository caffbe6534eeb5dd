namespace ActorRing.Cluster.Specs.Cli;

/// <summary>One wrong line at the end of a job that is right without it.</summary>
/// <param name="Line">What is written.</param>
/// <param name="Key">What the refusal must name.</param>
/// <param name="Value">The value that it must show; empty where that is no single word.</param>
internal sealed record BadLine(string Line, string Key, string Value);

/// <summary>Ways to get a job file wrong: for every key, values of other kinds and values out of its range.</summary>
internal static class BadJob
{
    private const string Structures = "{ a = 1 }|[ [ 1 ] ]";

    // The kind of each key: a number with its bounds' other side, a word of a list, or a flag.
    private static readonly (string Keys, string Wrong)[] Kinds =
    [
        ("training.seq_len training.steps training.batch_size training.gradient_accumulation training.log_every parallelism.ranks parallelism.min_ranks checkpoint.interval checkpoint.keep_latest_k "
            + "model.config.hidden_size model.config.num_hidden_layers model.config.num_attention_heads model.config.vocab_size model.config.intermediate_size",
            "many|0|-1|1.5|1e30|99999999999999999999"),
        ("training.seed compute.threads lr_scheduler.warmup_steps parallelism.data_parallel_degree parallelism.ulysses_degree parallelism.inner_window", "many|-1|1.5|99999999999999999999"),
        ("optimizer.lr optimizer.beta1 optimizer.beta2 optimizer.eps optimizer.weight_decay lr_scheduler.min_ratio model.config.rms_norm_eps model.config.rope_theta model.config.initializer_range",
            "small|-1|nan|1e999"),
        ("compute.device compute.isa compute.dtype activation_checkpoint.mode parallelism.mode parallelism.ring_mode parallelism.granularity parallelism.transport data.format data.add_bos data.add_eos "
            + "lr_scheduler.name optimizer.name", "nonsense|7"),
        ("data.document_mask checkpoint.export model.config.tie_word_embeddings model.config.attention_bias model.config.mlp_bias", "perhaps|7"),
        ("parallelism.hop_deadline", "soon|-1s|1ms|900h"),
        ("job.name", "a/b|.hidden|a b"),
    ];

    internal static IEnumerable<BadLine> Lines()
    {
        foreach (var (keys, wrong) in Kinds)
        {
            foreach (var key in keys.Split(' '))
            {
                foreach (var value in wrong.Split('|'))
                {
                    yield return new BadLine($"{key} = {value}", key, value);
                }

                foreach (var structure in Structures.Split('|'))
                {
                    yield return new BadLine($"{key} = {structure}", key, "");
                }
            }
        }

        foreach (var unknown in new[] { "trainin.steps", "training.stesp", "job.nme", "compute.gpu", "data.trian", "optimizer.learning_rate", "stage", "parallelism.rank", "checkpoint.every", "model.cfg" })
        {
            yield return new BadLine($"{unknown} = 1", unknown, "");
        }
    }

    /// <summary>Whole files that are no job.</summary>
    internal static IEnumerable<(string Text, string Named)> Files(string folder) =>
    [
        ("", "data.train"),
        ("\0\0\0\0", ""),
        ("{ job { name = a", ""),
        ("job { name = a } }", ""),
        ("job { name = \"a }", ""),
        ("job { name = \"\"\"a }", ""),
        ("job.name = ${nowhere}", "nowhere"),
        ("job.name = ${compute.nowhere}", "compute.nowhere"),
        ("a = [1, 2", ""),
        ("a = = 2", ""),
        ("= 2", ""),
        ("include required(\"nowhere.conf\")", "nowhere.conf"),
        ($"include \"{folder}\"", ""),
        ("include \"job.conf\"", "job.conf"),
        ("include 7", ""),
        ("[1, 2, 3]", ""),
        (new string('{', 20_000), ""),
        ("a" + string.Concat(Enumerable.Repeat(".a", 20_000)) + " = 1", ""),
        (string.Concat(Enumerable.Range(0, 200).Select(i => $"k{i} = 1\n")), "k199"),
        ("\u001b[31mjob.name = x", ""),
    ];
}
