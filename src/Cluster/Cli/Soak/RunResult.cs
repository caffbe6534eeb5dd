using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using ActorRing.Compute.Checkpoints.Training;

namespace ActorRing.Cluster.Cli.Soak;

/// <summary>What a finished job has come to, to be compared with another one bit by bit.</summary>
/// <param name="Weights">SHA-256 of the exported model.</param>
/// <param name="Shards">SHA-256 of each rank's weights and moments in the last TrainingCheckpoint.</param>
/// <param name="Losses">Of every update that was written down, as it was done last.</param>
/// <param name="Contradictions">Updates that were done twice with two losses.</param>
internal sealed record RunResult(string Weights, IReadOnlyList<string> Shards, IReadOnlyDictionary<long, double> Losses, int Contradictions)
{
    /// <summary>Reads a job's output folder.</summary>
    internal static RunResult Of(string output)
    {
        var losses = new SortedDictionary<long, double>();
        var contradictions = 0;
        foreach (var line in File.ReadLines(Path.Combine(output, "metrics.jsonl")))
        {
            using var row = JsonDocument.Parse(line);
            var (step, loss) = (row.RootElement.GetProperty("step").GetInt64(), row.RootElement.GetProperty("loss").GetDouble());
            contradictions += losses.TryGetValue(step, out var known) && known != loss ? 1 : 0;
            losses[step] = loss;
        }

        var checkpoints = Path.Combine(output, "checkpoint");
        var last = Path.Combine(checkpoints, $"step-{new TrainingCheckpoints(checkpoints).Newest()[0]}");
        return new RunResult(
            HashOf(Path.Combine(output, "model", "model.safetensors")), [.. Directory.GetFiles(last, "*.safetensors").Order(StringComparer.Ordinal).Select(HashOf)], losses, contradictions);
    }

    /// <summary>The first thing in which two runs differ; null if they are equal in every bit.</summary>
    internal static string? Difference(RunResult one, RunResult other) =>
        one.Contradictions + other.Contradictions > 0 ? "an update that was done twice with two losses"
        : one.Losses.Keys.Union(other.Losses.Keys).Order().Cast<long?>().FirstOrDefault(step => LossOf(one, step!.Value) != LossOf(other, step.Value)) is { } step
            ? string.Create(CultureInfo.InvariantCulture, $"the loss of update {step}: {LossOf(one, step)?.ToString("R", CultureInfo.InvariantCulture) ?? "none"} and {LossOf(other, step)?.ToString("R", CultureInfo.InvariantCulture) ?? "none"}")
        : !one.Shards.SequenceEqual(other.Shards) ? "weights or moments"
        : one.Weights != other.Weights ? "the exported model"
        : null;

    private static double? LossOf(RunResult run, long step) => run.Losses.TryGetValue(step, out var loss) ? loss : null;

    private static string HashOf(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
