using System.Globalization;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>A job that takes milliseconds an update: for what is measured about clusters, not about models.</summary>
internal static class SmallJob
{
    /// <summary>Writes its text and its job file.</summary>
    /// <param name="folder">For the files and, below it, the output.</param>
    /// <param name="name">Of the job.</param>
    /// <param name="tokens">Of the sequence.</param>
    /// <param name="steps">Updates.</param>
    /// <param name="checkpointEvery">Updates from one TrainingCheckpoint to the next.</param>
    /// <param name="export">Whether the model is written at the end.</param>
    /// <returns>Path of the job file.</returns>
    internal static string Write(string folder, string name, int tokens, long steps, int checkpointEvery, bool export)
    {
        File.WriteAllText(Path.Combine(folder, "text.txt"), string.Concat(Enumerable.Range(0, 3000).Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i * 7919L % 10007} "))));
        var job = Path.Combine(folder, $"{name}.conf");
        File.WriteAllText(job, $$"""
            job { name = {{name}}, output = "{{folder}}/{{name}}" }
            model { tokenizer = bytes, config { hidden_size = 64, intermediate_size = 96, num_hidden_layers = 2, num_attention_heads = 2, vocab_size = 264 } }
            data.train = ["{{folder}}/text.txt"]
            compute.threads = 1
            checkpoint { export = {{(export ? "true" : "false")}}, interval = {{checkpointEvery}} }
            stages = [ { name = {{name}}, seq_len = {{tokens}}, steps = {{steps}} } ]
            """);
        return job;
    }
}
