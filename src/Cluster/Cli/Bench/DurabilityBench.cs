using System.Diagnostics;
using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Soak;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench durability</c> prints: what it costs that nothing is lost.</summary>
/// <param name="Ranks">Of the job, a process with one thread each.</param>
/// <param name="Parameters">Of the model; its state has 12 bytes of each.</param>
/// <param name="Tokens">Of an update.</param>
/// <param name="Updates">Of each run.</param>
/// <param name="Rounds">Runs of each kind, one kind after the other.</param>
/// <param name="UpdateMs">An update of which nothing is kept: half of the rounds take less.</param>
/// <param name="ReplicaCost">Share of it that copies in the next rank's memory add, after every update: median of the rounds' ratios, less 1.</param>
/// <param name="CheckpointCost">Share that a TrainingCheckpoint every <paramref name="CheckpointEvery"/> updates adds to that.</param>
/// <param name="CheckpointEvery">Updates.</param>
internal sealed record DurabilityRow(int Ranks, long Parameters, int Tokens, int Updates, int Rounds, double UpdateMs, double ReplicaCost, double CheckpointCost, int CheckpointEvery);

/// <summary>Times the same job without copies, with copies, and with copies and TrainingCheckpoints.</summary>
internal static class DurabilityBench
{
    private const int CheckpointEvery = 4;
    private const int Never = 10_000;

    internal static async Task<DurabilityRow> RunAsync(int ranks, int tokens, int updates, int rounds, CancellationToken stop)
    {
        using var folder = new TemporaryFolder();
        await using var cluster = await SoakCluster.StartAsync(folder.Path, ranks, stop);
        var (alone, copies, checkpoints) = (new List<double>(), new List<double>(), new List<double>());
        var parameters = 0L;
        for (var round = 0; round < rounds; round++)
        {
            alone.Add(await TimeAsync("alone", peerReplicas: false, Never));
            copies.Add(await TimeAsync("copies", peerReplicas: true, Never));
            checkpoints.Add(await TimeAsync("checkpoints", peerReplicas: true, CheckpointEvery));
        }

        return new DurabilityRow(
            ranks, parameters, tokens, updates, rounds, BenchJson.Round(Measure.Median([.. alone]) * 1000, 1), Cost(copies, alone), Cost(checkpoints, copies), CheckpointEvery);

        async Task<double> TimeAsync(string name, bool peerReplicas, int every)
        {
            var file = Path.Combine(folder.Path, "durability.conf");
            await File.WriteAllTextAsync(file, JobOf(folder.Path, name, ranks, tokens, updates, peerReplicas, every), stop);
            var resolved = JobIntake.Resolve(file, [], replacesModel: true);
            parameters = new Compute.Model.ParameterLayout(resolved.Model).Count;
            return await SecondsAsync(cluster, await cluster.Link.SubmitAsync(resolved.ToSpec(), ConsoleLink.NewKey(), stop), updates, stop);
        }
    }

    // An update, on average, from the first one that is committed to the last: the first also opens the data.
    private static async Task<double> SecondsAsync(SoakCluster cluster, JobId job, int updates, CancellationToken stop)
    {
        var (first, started, last) = (0L, 0L, 0L);
        await BenchCluster.UntilAsync(
            async () =>
            {
                var status = await cluster.StatusAsync(job, stop);
                if (first == 0 && status.StepsCommitted > 0)
                {
                    (first, started) = (status.StepsCommitted, Stopwatch.GetTimestamp());
                }

                last = last == 0 && status.StepsCommitted == updates ? Stopwatch.GetTimestamp() : last;
                return status.State == JobState.Completed;
            },
            "the job was not completed",
            TimeSpan.FromMinutes(10));
        return Stopwatch.GetElapsedTime(started, last).TotalSeconds / (updates - first);
    }

    private static double Cost(List<double> with, List<double> without) => BenchJson.Round(Measure.Median([.. with.Zip(without, (one, other) => (one / other) - 1)]), 4);

    private static string JobOf(string folder, string name, int ranks, int tokens, int updates, bool peerReplicas, int every)
    {
        var text = Path.Combine(folder, "text.txt");
        if (!File.Exists(text))
        {
            File.WriteAllText(text, string.Concat(Enumerable.Range(0, 20_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i * 7919L % 10007} "))));
        }

        return $$"""
            job { name = {{name}}, output = "{{folder}}/{{name}}" }
            model { tokenizer = bytes, config { hidden_size = 384, intermediate_size = 1024, num_hidden_layers = 4, num_attention_heads = 6, vocab_size = 264 } }
            data.train = ["{{text}}"]
            compute.threads = 1
            parallelism.ranks = {{ranks}}
            checkpoint { export = false, interval = {{every}}, peer_replicas = {{(peerReplicas ? "true" : "false")}} }
            stages = [ { name = {{name}}, seq_len = {{tokens}}, steps = {{updates}} } ]
            """;
    }
}
