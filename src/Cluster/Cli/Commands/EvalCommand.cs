using System.CommandLine;
using System.Text.Json;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Data;
using ActorRing.Compute.Evaluation;
using ActorRing.Compute.Model;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring eval ppl</c>: perplexity of a model on text or ids, one process, whole rows.</summary>
internal static class EvalCommand
{
    internal static Command Create() => new("eval", "Evaluates a trained model.") { Ppl(), NeedleCommand.Create() };

    private static Command Ppl()
    {
        var model = new Option<string>("--model", "-m") { Description = "Hugging Face folder.", Required = true };
        var data = new Option<string[]>("--data", "-d") { Description = "Text, jsonl or packed token files, or patterns.", Required = true };
        var seqLen = NumberOption.Of("--seq-len", "Tokens of a row; 0 takes the model's longest.", 0, 0, 1 << 30);
        var maxRows = NumberOption.Of("--max-rows", "Rows to score at most.", long.MaxValue, 1, long.MaxValue);
        var theta = new Option<double?>("--rope-theta") { Description = "Another base of the rotary frequencies." };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "bytes, or a tokenizer.json; the model's own otherwise, bytes if it has none." };
        var mask = new Option<bool>("--document-mask") { Description = "Keep documents apart.", DefaultValueFactory = _ => true };
        var threads = NumberOption.Threads(0, 0);
        var json = new Option<bool>("--json") { Description = "Print JSON only." };
        var command = new Command("ppl", "Perplexity. Example: actorring eval ppl --model runs/tiny/model --data 'artifacts/data/kjv/Rev.txt' --json")
        {
            model, data, seqLen, maxRows, theta, tokenizer, mask, threads, json,
        };
        command.SetAction(result =>
        {
            using var signal = StopSignal.KeepingWhatIsDone();
            var stop = signal.Token;
            using var folder = HfModelFolder.Open(result.GetValue(model)!);
            var config = result.GetValue(theta) is { } value ? folder.Config.WithRopeTheta(value) : folder.Config;
            var tokens = result.GetValue(seqLen) > 0 ? result.GetValue(seqLen) : config.MaxPositionEmbeddings;
            var (chosen, key) = JobModel.TokenizerOf(result.GetValue(tokenizer), folder.Path);
            if (chosen is null && config.VocabSize >= 258)
            {
                (chosen, key) = JobModel.TokenizerOf(ModelSettings.ByteTokenizer, null);
            }

            using var cache = new TemporaryFolder();
            using var corpus = TokenizedCorpus.Open(result.GetValue(data)!, new CorpusOptions(config.VocabSize, cache.Path) { Tokenizer = chosen, TokenizerKey = key }, progress: null, stop);
            using var device = NativeBackend.LoadCpu().Open(result.GetValue(threads) > 0 ? result.GetValue(threads) : Environment.ProcessorCount);
            using var parameters = new Parameters(device, ModelDims.Of(config), ElementType.Float32);
            ModelWeights.Load(folder, parameters);
            var rows = new PackedRows(corpus, (int)Math.Min(tokens, corpus.TokenCount - 1), result.GetValue(mask));
            var found = Perplexity.Of(parameters, config, rows, result.GetValue(maxRows), progress: null, stop);
            Console.WriteLine(result.GetValue(json)
                ? JsonSerializer.Serialize(new { mean_nll = found.MeanNll, perplexity = found.Perplexity, scored = found.Scored })
                : $"perplexity {found.Perplexity:F4}  mean nll {found.MeanNll:F5}  scored {found.Scored:N0} tokens");
            return stop.IsCancellationRequested ? CommandLine.Interrupted : 0;
        });
        return command;
    }
}
