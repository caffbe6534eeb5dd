using System.Globalization;

namespace ActorRing.Cluster.Specs.Cli;

/// <summary>A folder with a text and a job that trains in a second.</summary>
internal sealed class JobFolder : IDisposable
{
    internal JobFolder()
    {
        Path = Directory.CreateTempSubdirectory("actorring-spec-").FullName;
        File.WriteAllText(At("text.txt"), string.Concat(Enumerable.Range(0, 200).Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i} of a text that repeats itself. "))));
        WriteJob("");
    }

    internal string Path { get; }

    internal string Job => At("job.conf");

    internal string Model => At("run/model");

    /// <summary>Everything below that has a temporary name, as exports and caches give one.</summary>
    internal string[] TemporaryNames() => [.. Directory.EnumerateFileSystemEntries(Path, "*.tmp-*", SearchOption.AllDirectories)];

    internal string At(string name) => System.IO.Path.Combine(Path, name);

    internal void WriteJob(string more) => File.WriteAllText(Job, $$"""
        job { name = spec, output = "{{At("run")}}" }
        model { tokenizer = bytes, config { hidden_size = 32, intermediate_size = 48, num_hidden_layers = 1, num_attention_heads = 1, vocab_size = 260 } }
        data.train = ["{{At("text.txt")}}"]
        compute.threads = 1
        optimizer.lr = 1e-2
        stages = [ { name = first, seq_len = 32, steps = 6, batch_size = 2 }, { name = second, seq_len = 48, steps = 3, rope_theta = 50000, gradient_accumulation = 2 } ]
        {{more}}
        """);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
