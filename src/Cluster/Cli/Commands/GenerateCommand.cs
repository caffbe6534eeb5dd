using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorRing.Cluster.Cli.Generate;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Inference;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring generate</c>: continues a prompt, on one rank or on several that share it.</summary>
internal static class GenerateCommand
{
    internal static Command Create()
    {
        var model = new Option<string>("--model", "-m") { Description = "Hugging Face folder.", Required = true };
        var prompt = new Option<string?>("--prompt", "-p") { Description = "Text to go on with." };
        var promptFile = new Option<string?>("--prompt-file") { Description = "File that holds it, UTF-8." };
        var newTokens = NumberOption.Of("--max-new-tokens", "Tokens to write at most.", 128, 1, 1 << 30);
        var temperature = new Option<double>("--temperature") { Description = "Divides the logits; 0, the default, takes the most probable token." };
        var topK = NumberOption.Of("--top-k", "Choose among so many of the most probable tokens; 0 for all.", 0, 0, int.MaxValue);
        var topP = new Option<double>("--top-p") { Description = "Choose among the fewest tokens whose probabilities add up to this.", DefaultValueFactory = _ => 1 };
        var rngSeed = NumberOption.Of("--seed", "Where random choices start: the same seed, the same text.", 0UL, 0UL, ulong.MaxValue);
        var theta = new Option<double?>("--rope-theta") { Description = "Another base of the rotary frequencies." };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "bytes, or a tokenizer.json; the model's own otherwise, bytes if it has none." };
        var ignoreEnd = new Option<bool>("--ignore-eos") { Description = "Write on after an end token." };
        var ranks = new RanksOptions();
        var json = new Option<bool>("--json") { Description = "Print JSON only, at the end." };
        var command = new Command("generate", "Continues a prompt. Example: actorring generate --model runs/tiny/model --prompt 'In the beginning' --max-new-tokens 64")
        {
            model, prompt, promptFile, newTokens, temperature, topK, topP, rngSeed, theta, tokenizer, ignoreEnd, json,
        };
        ranks.AddTo(command);
        command.SetAction(result =>
        {
            var (count, mode, threads) = ranks.Of(result);
            var sampling = new SamplingOptions { Temperature = result.GetValue(temperature), TopK = result.GetValue(topK), TopP = result.GetValue(topP), RngSeed = result.GetValue(rngSeed) };
            Check(sampling);
            var text = PromptOf(result.GetValue(prompt), result.GetValue(promptFile));
            using var folder = HfModelFolder.Open(result.GetValue(model)!);
            var config = LoadedModel.ConfigOf(folder, result.GetValue(theta));
            var chosen = TokenizerOf(result.GetValue(tokenizer), folder, config);
            var work = new GenerateWork(
                folder.Path, result.GetValue(theta), threads, mode, IdsOf(chosen, text, config), result.GetValue(newTokens), sampling,
                result.GetValue(ignoreEnd) ? [] : EndTokensOf(folder, chosen));
            LoadedModel.RequireRoom(config, work.Capacity, mode, count);

            var output = new GenerateText(chosen, work.Prompt, result.GetValue(json));
            var end = Run(work, count, output);
            if (result.GetValue(json))
            {
                Console.WriteLine(output.Json(end, count, mode));
            }

            return end == GenerationEnd.Stopped ? CommandLine.Interrupted : 0;
        });
        return command;
    }

    private static GenerationEnd Run(GenerateWork work, int ranks, GenerateText output)
    {
        try
        {
            return ranks == 1 ? Alone(work, output) : Together(work, ranks, output);
        }
        finally
        {
            output.End();
        }
    }

    private static GenerationEnd Alone(GenerateWork work, GenerateText output)
    {
        using var signal = new StopSignal("stopped");
        return work.Run(seat: null, output.OnPrefilled, output.OnToken, signal.Token).End;
    }

    private static GenerationEnd Together(GenerateWork work, int ranks, GenerateText output)
    {
        using var processes = new RankProcesses();
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "work");
        work.Write(file);
        var end = GenerationEnd.Stopped;
        processes.Run(ranks, [GenerateRank.Name, GenerateRank.WorkName, file], (_, line) =>
        {
            if (line == GenerateRank.Prefilled)
            {
                output.OnPrefilled();
            }
            else if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var token))
            {
                output.OnToken(token);
            }
            else
            {
                end = Enum.Parse<GenerationEnd>(line);
            }
        });
        return end;
    }

    private static void Check(SamplingOptions sampling)
    {
        if (!(sampling.Temperature >= 0 && double.IsFinite(sampling.Temperature)))
        {
            throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--temperature is {sampling.Temperature}, allowed: a number from 0"));
        }

        if (!(sampling.TopP > 0 && sampling.TopP <= 1))
        {
            throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--top-p is {sampling.TopP}, allowed: above 0, up to 1"));
        }
    }

    private static string PromptOf(string? text, string? file) => (text, file) switch
    {
        ({ } given, null) => given,
        (null, { } path) => File.ReadAllText(path),
        _ => throw new UsageException("allowed: one of --prompt and --prompt-file"),
    };

    private static ITokenizer TokenizerOf(string? setting, HfModelFolder folder, LlamaConfig config) =>
        JobModel.TokenizerOf(setting, folder.Path).Tokenizer
        ?? (config.VocabSize >= 258 ? JobModel.TokenizerOf(ModelSettings.ByteTokenizer, null).Tokenizer! : throw new UsageException($"{folder.Path} has no tokenizer.json; allowed: --tokenizer"));

    private static int[] IdsOf(ITokenizer tokenizer, string text, LlamaConfig config)
    {
        var ids = tokenizer.Encode(text, addSpecialTokens: true);
        if (ids.Length == 0)
        {
            throw new UsageException("the prompt is empty and the tokenizer has no begin token; allowed: a prompt of at least one token");
        }

        return ids.FirstOrDefault(id => id >= config.VocabSize) is > 0 and var id
            ? throw new UsageException($"the tokenizer gives id {id}; allowed: below {config.VocabSize}, the model's vocabulary")
            : ids;
    }

    private static int[] EndTokensOf(HfModelFolder folder, ITokenizer tokenizer)
    {
        HashSet<int> ids = [.. folder.Config.EosTokenIds, .. tokenizer.EosId is { } eos ? (int[])[eos] : []];
        if (folder.GenerationConfig is { } json)
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("eos_token_id", out var value))
            {
                var values = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : (JsonElement[])[value];
                ids.UnionWith(values.Where(one => one.ValueKind == JsonValueKind.Number).Select(one => one.GetInt32()));
            }
        }

        return [.. ids.Order()];
    }
}
