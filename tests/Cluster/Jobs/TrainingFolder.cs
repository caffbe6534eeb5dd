using System.Globalization;
using System.Text.Json;
using ActorRing.Cluster.Cli.Soak;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>A folder with a text, jobs that several ranks train, and what is left of them.</summary>
internal sealed class TrainingFolder : IDisposable
{
    internal TrainingFolder()
    {
        Path = Directory.CreateTempSubdirectory("actorring-job-").FullName;
        File.WriteAllText(At("text.txt"), string.Concat(Enumerable.Range(0, 3000).Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i * 7919 % 1009} of a text that goes on. "))));
    }

    internal string Path { get; }

    internal string State => At("state");

    internal string At(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a job file.</summary>
    internal string Job(string name, int steps, int ranks, int every, int seqLen = 192, string mode = "zigzag", string more = "")
    {
        var file = At($"{name}.conf");
        File.WriteAllText(file, $$"""
            job { name = {{name}}, output = "{{At(name)}}" }
            model { tokenizer = bytes, config { hidden_size = 64, intermediate_size = 96, num_hidden_layers = 2, num_attention_heads = 2, vocab_size = 264 } }
            data.train = ["{{At("text.txt")}}"]
            compute.threads = 1
            optimizer.lr = 3e-3
            parallelism { ranks = {{ranks}}, mode = {{mode}}, hop_deadline = 10s }
            checkpoint { interval = {{every}}, keep_latest_k = 2 }
            stages = [ { name = first, seq_len = {{seqLen}}, steps = {{steps / 2}} }, { name = second, seq_len = {{seqLen * 2}}, steps = {{steps - (steps / 2)}}, rope_theta = 40000 } ]
            {{more}}
            """);
        return file;
    }

    /// <summary>Compares what two finished jobs have come to, bit by bit: the exported weights, every shard of the last TrainingCheckpoint, the loss of every update.</summary>
    internal void AssertSameResult(string one, string other)
    {
        Assert.Equal(Losses(one), Losses(other));
        Assert.Null(RunResult.Difference(RunResult.Of(At(one)), RunResult.Of(At(other))));
    }

    /// <summary>The loss of every update, as it was last done, and that no repetition had another one.</summary>
    internal IReadOnlyList<double> Losses(string name)
    {
        var losses = new SortedDictionary<long, double>();
        foreach (var line in File.ReadLines(At($"{name}/metrics.jsonl")))
        {
            using var row = JsonDocument.Parse(line);
            var (step, loss) = (row.RootElement.GetProperty("step").GetInt64(), row.RootElement.GetProperty("loss").GetDouble());
            Assert.Equal(losses.GetValueOrDefault(step, loss), loss);
            losses[step] = loss;
        }

        Assert.Equal(Enumerable.Range(1, losses.Count).Select(step => (long)step), losses.Keys);
        return [.. losses.Values];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
