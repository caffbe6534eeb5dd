using System.Text.Json;
using System.Text.Json.Serialization;
using ActorRing.Actors.Effects;

namespace ActorRing.Cluster.Hosting.Telemetry;

/// <summary>A line of <c>metrics.jsonl</c>. A number that is not finite is null: JSON has no other word for it.</summary>
internal static class MetricsRow
{
    private static readonly JsonSerializerOptions Options = new() { DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    /// <summary>Without the line end. <c>tokens</c> and <c>tokens_per_second</c> are of all ranks, <c>bytes</c> and <c>waits</c> (seconds) of rank 0.</summary>
    internal static byte[] Of(StepRow row, StepSetting setting)
    {
        var tokens = setting.BatchTokens ?? row.Report.Tokens;
        var seconds = row.Report.Elapsed.TotalSeconds;
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            step = row.StepsDone,
            stage = setting.Stage,
            loss = Finite(row.Report.Loss),
            grad_norm = Finite(row.Report.GradientNorm),
            learning_rate = setting.LearningRate is { } learningRate ? Finite(learningRate) : null,
            tokens,
            seconds,
            tokens_per_second = seconds > 0 ? tokens / seconds : (double?)null,
            epoch = row.Epoch.ToString(),
            bytes = row.Report.SentBytes,
            waits = row.Report.Waits.TotalSeconds,
            repeated = row.IsRepeated,
        }, Options);
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
