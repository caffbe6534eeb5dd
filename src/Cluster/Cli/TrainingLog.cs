using System.Globalization;
using System.Text.Json;
using ActorRing.Actors.Ids;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Hosting.Telemetry.Files;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Training;
using Spectre.Console;

namespace ActorRing.Cluster.Cli;

/// <summary>Shows training on the terminal (one live line) or a pipe (one line an update, keys as torchtitan writes them), and appends metrics.jsonl.</summary>
/// <remarks>A line or a row for which a disk has no room is lost; training is not.</remarks>
internal sealed class TrainingLog : ITrainingObserver, IDisposable
{
    private readonly ModelDims _dims;
    private readonly long _totalSteps;
    private readonly int _logEvery;
    private readonly AppendFile _metrics;
    private readonly bool _live = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null;
    private readonly long _memoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    private long _lostRows;
    private bool _lineOpen;

    internal TrainingLog(string folder, ModelDims dims, long totalSteps, int logEvery)
    {
        _dims = dims;
        _totalSteps = totalSteps;
        _logEvery = logEvery;
        _metrics = AppendFile.Overwrite(Path.Combine(folder, "metrics.jsonl"));
    }

    public void Report(CorpusProgress value)
    {
        if (_live)
        {
            Live($"[grey]tokenising[/] {Markup.Escape(Path.GetFileName(value.File))} ({value.FilesDone} of {value.Files} files, {value.Tokens:N0} tokens)");
        }
    }

    public void OnStage(TrainingStage stage, MemoryPlan plan, long corpusTokens)
    {
        Line(string.Create(CultureInfo.InvariantCulture,
            $"stage {stage.Name}: {stage.Schedule.Steps} steps of {stage.Accumulation * stage.Batch} x {stage.Tokens} tokens, rope theta {(stage.RopeTheta is { } theta ? theta.ToString("g", CultureInfo.InvariantCulture) : "as it is")}, {corpusTokens:N0} tokens of data"));
        Line($"memory: {MemoryText.Of(plan)}");
    }

    public void OnStep(TrainingStage stage, TrainStep trainStep, StepResult result, TimeSpan elapsed)
    {
        var tokensPerSecond = result.Tokens / elapsed.TotalSeconds;
        var number = trainStep.Index + 1;
        Append(JsonSerializer.SerializeToUtf8Bytes(new
        {
            step = number,
            stage = stage.Name,
            loss = Finite(result.Loss),
            grad_norm = Finite(result.GradientNorm),
            learning_rate = result.LearningRate,
            tokens = result.Tokens,
            seconds = elapsed.TotalSeconds,
            tokens_per_second = tokensPerSecond,
        }));

        var text = StepLine.Of(number, result.Loss, result.GradientNorm, tokensPerSecond, new StepSetting(stage.Name)
        {
            LearningRate = result.LearningRate,
            FlopsPerToken = _dims.FlopsPerTokenFull(stage.Tokens),
            CausalFlopsPerToken = _dims.FlopsPerToken(stage.Tokens),
            MemoryBytes = Environment.WorkingSet,
            MemoryLimitBytes = _memoryBytes,
        });
        if (_live)
        {
            // A line that wraps could not be rewritten.
            var room = Math.Max(20, Console.WindowWidth - 6);
            Live($"[green]{number * 100 / _totalSteps,3}%[/] {Markup.Escape(text.Length > room ? text[..room] : text)}");
            if (number % _logEvery == 0 || number == _totalSteps)
            {
                Close();
            }
        }
        else if (number == 1 || number % _logEvery == 0 || number == _totalSteps)
        {
            Print(text);
        }
    }

    public void OnGuard(string text) => Line(text);

    public void Dispose()
    {
        Close();
        _metrics.Dispose();
        if (_lostRows > 0)
        {
            Print($"metrics.jsonl lacks {_lostRows} rows, for which the disk had no room");
        }
    }

    internal void Line(string text)
    {
        Close();
        Print(text);
    }

    private static void Print(string text)
    {
        // Standard output may be a file on a full disk.
        if (!TryPrint(Console.Out, text))
        {
            TryPrint(Console.Error, text);
        }
    }

    private static bool TryPrint(TextWriter writer, string text)
    {
        try
        {
            writer.WriteLine(text);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private void Append(byte[] row)
    {
        try
        {
            _metrics.Write([.. row, (byte)'\n']);
        }
        catch (IOException fault)
        {
            if (_lostRows++ == 0)
            {
                Line($"{fault.Message}: training goes on without rows in metrics.jsonl until they can be written");
            }
        }
    }

    // JSON has no other numbers.
    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private void Live(string markup)
    {
        Console.Write("\r\u001b[2K");
        AnsiConsole.Markup(markup);
        _lineOpen = true;
    }

    private void Close()
    {
        if (_lineOpen)
        {
            Console.WriteLine();
            _lineOpen = false;
        }
    }
}
