using System.CommandLine;
using System.Text.Json;
using ActorRing.Cluster.Cli.Evaluation;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring eval ppl</c>: perplexity of models on text or ids, in whole rows or at lengths of context, on one rank or several.</summary>
internal static class EvalCommand
{
    internal static Command Create() => new("eval", "Evaluates a trained model.") { Ppl(), NeedleCommand.Create() };

    private static Command Ppl()
    {
        var model = new Option<string[]>("--model", "-m") { Description = "Hugging Face folder; may be given several times.", Required = true };
        var data = new Option<string[]>("--data", "-d") { Description = "Text, jsonl or packed token files, or patterns.", Required = true };
        var seqLen = NumberOption.Of("--seq-len", "Tokens of a row; 0 takes the model's longest.", 0, 0, 1 << 30);
        var maxRows = NumberOption.Of("--max-rows", "Rows to score at most.", long.MaxValue, 1, long.MaxValue);
        var theta = new Option<double?>("--rope-theta") { Description = "Another base of the rotary frequencies." };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "bytes, or a tokenizer.json; the model's own otherwise, bytes if it has none." };
        var mask = new Option<bool>("--document-mask") { Description = "Keep the documents of a row apart.", DefaultValueFactory = _ => true };
        var lengths = new LengthOptions();
        var sliding = NumberOption.Of("--sliding-window", "Tokens from window to window of a length; each window scores those that are new. 256 by default.", 0, 1, 1 << 30);
        var truncate = new Option<bool>("--truncate") { Description = "Score only the first window of each document." };
        var samples = NumberOption.Of("--samples", "Documents to score at most.", long.MaxValue, 1, long.MaxValue);
        var minTokens = NumberOption.Of("--document-min-tokens", "Pass over shorter documents.", 0, 0, 1 << 30);
        var output = new Option<string?>("--output-file") { Description = "A .csv for the table of models and lengths; the picture goes beside it, .svg and .png." };
        var ranks = new RanksOptions();
        var json = new Option<bool>("--json") { Description = "Print JSON only." };
        var command = new Command("ppl", "Perplexity. Example: actorring eval ppl --model runs/tiny/model --data 'artifacts/data/kjv/Rev.txt' --lengths 256,512,1024")
        {
            model, data, seqLen, maxRows, theta, tokenizer, mask, sliding, truncate, samples, minTokens, output, json,
        };
        lengths.AddTo(command);
        ranks.AddTo(command);
        command.SetAction(result =>
        {
            var (count, mode, threads) = ranks.Of(result);
            using var cache = new TemporaryFolder();
            var work = new PerplexityWork(result.GetValue(model)!, result.GetValue(data)!, cache.Path)
            {
                RopeTheta = result.GetValue(theta),
                Tokenizer = result.GetValue(tokenizer),
                Threads = threads,
                Mode = mode,
                Lengths = lengths.Of(result),
                SlidingWindow = result.GetValue(sliding) is > 0 and var stride ? stride : 256,
                IsTruncated = result.GetValue(truncate),
                Samples = result.GetValue(samples),
                DocumentMinTokens = result.GetValue(minTokens),
                SeqLen = result.GetValue(seqLen),
                MaxRows = result.GetValue(maxRows),
                KeepsDocumentsApart = result.GetValue(mask),
            };
            var file = result.GetValue(output);
            Check(work, file, givesStride: result.GetValue(sliding) > 0);
            var rows = new List<PerplexityRow>();
            var wasStopped = count == 1 ? Alone(work, rows) : Together(work, count, rows);
            var report = new PerplexityReport(rows, work.Lengths);
            if (file is not null)
            {
                report.WriteFiles(file);
            }

            if (result.GetValue(json))
            {
                Console.WriteLine(report.Json());
            }
            else
            {
                report.Print();
            }

            return wasStopped ? CommandLine.Interrupted : 0;
        });
        return command;
    }

    private static void Check(PerplexityWork work, string? file, bool givesStride)
    {
        var isSeries = work.Lengths.Length > 0;
        if (!isSeries && (givesStride || work.IsTruncated || file is not null || work.DocumentMinTokens > 0 || work.Samples < long.MaxValue))
        {
            throw new UsageException("--sliding-window, --truncate, --samples, --document-min-tokens and --output-file are about documents at lengths, allowed: with --lengths or --max-tokens");
        }

        if (isSeries && (work.SeqLen > 0 || work.MaxRows < long.MaxValue))
        {
            throw new UsageException("--seq-len and --max-rows are about rows, allowed: without --lengths and --max-tokens");
        }

        if (givesStride && work.IsTruncated)
        {
            throw new UsageException("allowed: either --sliding-window or --truncate");
        }

        if (file is not null && (Path.GetExtension(file) != ".csv" || !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(file)))))
        {
            throw new UsageException($"--output-file is '{file}', allowed: a name that ends in .csv, in a folder that exists");
        }
    }

    private static bool Alone(PerplexityWork work, List<PerplexityRow> rows)
    {
        using var signal = StopSignal.KeepingWhatIsDone();
        work.Check(ranks: 1, signal.Token);
        work.Run(seat: null, rows.Add, signal.Token);
        return signal.Token.IsCancellationRequested;
    }

    private static bool Together(PerplexityWork work, int ranks, List<PerplexityRow> rows)
    {
        using var processes = new RankProcesses();
        work.Check(ranks, default);
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "work");
        work.Write(file);
        processes.Run(ranks, [PerplexityRank.Name, PerplexityRank.WorkName, file], (_, line) =>
            rows.Add(JsonSerializer.Deserialize<PerplexityRow>(line) ?? throw new InvalidDataException("a rank printed an empty row")));
        return false;
    }
}
