using System.Text.Json;

namespace ActorRing.Cluster.Hosting.Telemetry;

/// <summary>What <c>metrics.jsonl</c> holds of one update; null where it says null or nothing.</summary>
/// <param name="Step">Updates done, this one included.</param>
/// <param name="Stage">Of the job; empty where it does not say.</param>
/// <param name="Epoch">Incarnation of the ring; empty where there was none.</param>
/// <param name="Loss">Mean over labelled tokens, nats.</param>
/// <param name="GradNorm">Before clipping.</param>
/// <param name="LearningRate">Of the update.</param>
/// <param name="TokensPerSecond">Of all ranks.</param>
public sealed record MetricsPoint(long Step, string Stage, string Epoch, double? Loss, double? GradNorm, double? LearningRate, double? TokensPerSecond);

/// <summary>A run as it counts in the end.</summary>
/// <param name="Points">Steps grow.</param>
/// <param name="Recoveries">Last steps that were kept when the run went back, or when another epoch began.</param>
public sealed record MetricsHistory(IReadOnlyList<MetricsPoint> Points, IReadOnlyList<long> Recoveries);

/// <summary>Reads <c>metrics.jsonl</c> while it is being written, too.</summary>
public static class MetricsFile
{
    /// <summary>
    /// A step that comes again replaces what is there of it and of later steps, as in TensorBoard: those were lost. A last line without an end that cannot be read is torn and
    /// passed over.
    /// </summary>
    /// <exception cref="InvalidDataException">One line: the file, the line, what is allowed.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static MetricsHistory Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        var points = new List<MetricsPoint>();
        var recoveries = new List<long>();
        var number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            try
            {
                Add(points, recoveries, Point(line));
            }
            catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
            {
                // A crash leaves a part of a line at the end, never elsewhere.
                if (reader.Peek() < 0)
                {
                    break;
                }

                throw new InvalidDataException($"{path}: line {number}: not a row of metrics; allowed: an object with a step from 1 and numbers or null", fault);
            }
        }

        return new MetricsHistory(points, recoveries);
    }

    private static void Add(List<MetricsPoint> points, List<long> recoveries, MetricsPoint point)
    {
        var kept = points.Count;
        while (kept > 0 && points[kept - 1].Step >= point.Step)
        {
            kept--;
        }

        var isAnotherEpoch = points.Count > 0 && points[^1].Epoch != point.Epoch;
        if (kept < points.Count || isAnotherEpoch)
        {
            recoveries.Add(point.Step - 1);
        }

        points.RemoveRange(kept, points.Count - kept);
        points.Add(point);
    }

    private static MetricsPoint Point(string line)
    {
        using var document = JsonDocument.Parse(line);
        var row = document.RootElement;
        var step = row.GetProperty("step").GetInt64();
        return step >= 1
            ? new MetricsPoint(step, Text("stage"), Text("epoch"), Number("loss"), Number("grad_norm"), Number("learning_rate"), Number("tokens_per_second"))
            : throw new FormatException();

        double? Number(string key) => row.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value.GetDouble() : null;

        string Text(string key) => row.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
    }
}
