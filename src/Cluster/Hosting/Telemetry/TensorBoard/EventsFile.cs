using ActorRing.Actors.Effects;
using ActorRing.Cluster.Hosting.Telemetry.Files;

namespace ActorRing.Cluster.Hosting.Telemetry.TensorBoard;

/// <summary>An events file of one process's life; TensorBoard reads all files of a folder in the order of their names.</summary>
/// <remarks>
/// Updates that are repeated after a recovery are written again under the same step, after a START record of that step. TensorBoard's reader in Python discards
/// what it has of that step and later ones at such a record; its reader in Rust does so at any step that does not grow. So the curve shows the repeated values
/// only; <c>metrics.jsonl</c> has both.
/// </remarks>
internal sealed class EventsFile : IDisposable
{
    private readonly AppendFile _file;
    private long _lastStep = long.MaxValue;

    private EventsFile(AppendFile file) => _file = file;

    public void Dispose() => _file.Dispose();

    /// <exception cref="IOException">It cannot be made or written.</exception>
    internal static EventsFile Create(string folder, DateTimeOffset time)
    {
        var name = $"events.out.tfevents.{time.ToUnixTimeSeconds():D10}.actorring.{Environment.ProcessId}";
        for (var number = 0; ; number++)
        {
            var path = Path.Combine(folder, $"{name}.{number}");
            if (File.Exists(path))
            {
                continue;
            }

            var file = AppendFile.Create(path);
            try
            {
                file.Write(EventRecord.FileVersion(time));
                return new EventsFile(file);
            }
            catch (IOException)
            {
                // An empty file is no events file; there would be one more for every row that finds the disk full.
                file.Dispose();
                File.Delete(path);
                throw;
            }
        }
    }

    internal void Write(DateTimeOffset time, StepRow row, StepSetting setting)
    {
        if (row.StepsDone <= _lastStep)
        {
            _file.Write(EventRecord.Start(time, row.StepsDone));
        }

        _file.Write(EventRecord.Scalars(time, row.StepsDone, Scalars(row, setting)));
        _lastStep = row.StepsDone;
    }

    private static IEnumerable<(string Tag, double Value)> Scalars(StepRow row, StepSetting setting)
    {
        yield return ("train/loss", row.Report.Loss);
        yield return ("train/grad_norm", row.Report.GradientNorm);
        if (setting.LearningRate is { } learningRate)
        {
            yield return ("train/learning_rate", learningRate);
        }

        if (row.Report.Elapsed > TimeSpan.Zero)
        {
            yield return ("perf/tokens_per_second", (setting.BatchTokens ?? row.Report.Tokens) / row.Report.Elapsed.TotalSeconds);
            yield return ("perf/wait_fraction", row.Report.Waits / row.Report.Elapsed);
        }
    }
}
