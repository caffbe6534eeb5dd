using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorRing.Cluster.Cli.Evaluation;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Member;
using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Evaluation.Needle;
using ActorRing.Compute.Inference;
using ActorRing.Compute.Model;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring eval needle</c>: needle in a haystack with EasyContext's options and strict score.</summary>
internal static class NeedleCommand
{
    private static readonly Option<string> Model = new("--model", "-m") { Description = "Hugging Face folder.", Required = true };
    private static readonly Option<string?> Tokenizer = new("--tokenizer") { Description = "bytes, or a tokenizer.json; the model's own otherwise." };
    private static readonly Option<string[]> HaystackDir = new("--haystack-dir", "--haystack_dir") { Description = "Text files, patterns or folders of *.txt.", Required = true };
    private static readonly Option<string?> Lengths = new("--lengths") { Description = "Lengths of the haystack by commas, in place of the range below." };
    private static readonly Option<int> MinLength = Number("--min-context-length", "Shortest haystack, tokens.", 1000, 1, 1 << 30);
    private static readonly Option<int> MaxLength = Number("--max-context-length", "Longest haystack, tokens.", 100_000, 1, 1 << 30);
    private static readonly Option<int> Interval = Number("--context-interval", "From one length to the next.", 1000, 1, 1 << 30);
    private static readonly Option<string?> Depths = new("--depths") { Description = "Depths by commas, per cent, in place of the interval." };

    private static readonly Option<double> DepthInterval = new("--depth-interval", "--depth_interval")
    {
        Description = "From one depth to the next, a share of the haystack.",
        DefaultValueFactory = _ => 0.1,
    };

    private static readonly Option<int> Samples = Number("--num-samples", "Samples of a cell.", 10, 1, 100_000);
    private static readonly Option<int> Digits = Number("--rnd-number-digits", "Digits of the number.", 7, 1, 9);
    private static readonly Option<int> Distractors = Number("--num-distractor", "Needles of other cities.", 0, 0, NeedleWording.Cities.Count - 1);
    private static readonly Option<double?> Theta = new("--rope-theta", "--rope_theta") { Description = "Another base of the rotary frequencies." };
    private static readonly Option<long> Seed = NumberOption.Of("--seed", "Of numbers, places and text.", 24242424L, 0, long.MaxValue);
    private static readonly Option<string> City = new("--city") { Description = "The city asked for; any for another one in every sample.", DefaultValueFactory = _ => NeedleWording.UsualCity };
    private static readonly Option<bool> Free = new("--free-generation") { Description = "Let the model also write its answer freely: free_score beside the strict score, at the cost of a second pass." };
    private static readonly RanksOptions Ranks = new();
    private static readonly Option<string?> Out = new("--out", "-o") { Description = "Folder for cells, table and pictures; runs/eval/NAME by default. The same test there goes on where it was." };
    private static readonly Option<bool> Overwrite = new("--overwrite") { Description = "Forget another test's cells there." };
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print JSON only." };

    internal static Command Create()
    {
        var command = new Command(
            "needle", "Needle in a haystack. Example: actorring eval needle --model runs/tiny/model --haystack-dir artifacts/data/kjv --lengths 1k,2k,4k --num-distractor 3")
        {
            Model, Tokenizer, HaystackDir, Lengths, MinLength, MaxLength, Interval, Depths, DepthInterval, Samples, Digits, Distractors, Theta, Seed, City, Free,
            Out, Overwrite, AsJson,
        };
        Ranks.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult result)
    {
        var arguments = ArgumentsOf(result);
        var folder = NeedleFolder.Open(result.GetValue(Out) ?? Path.Combine("runs", "eval", arguments.Name), arguments, result.GetValue(Overwrite));
        arguments = arguments with { Done = [.. folder.Cells.Select(cell => new NeedlePlace((int)cell.ContextLength, cell.DepthPercent))] };
        var isJson = result.GetValue(AsJson);
        using var signal = new StopSignal("stopping after the sample in hand; the same command goes on where it was");
        try
        {
            Ask(arguments, Ranks.Of(result).Ranks, cell =>
            {
                folder.Add(cell);
                if (!isJson)
                {
                    Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"length {cell.ContextLength,8}  depth {cell.DepthPercent,5:0.#} %  score {cell.Score,6:P0}  partial {cell.PartialCredit,6:P0}{FreeText(cell)}  {cell.ModelResponse}  | {cell.Needle}"));
                }
            }, signal.Token);
        }
        finally
        {
            if (folder.Cells.Count > 0 && folder.WritePictures() is var files && !isJson)
            {
                Console.WriteLine($"wrote {string.Join("  ", files)}");
            }
        }

        var asked = folder.Cells.Where(cell => arguments.Task.Lengths.Contains((int)cell.ContextLength) && arguments.Task.Depths.Contains(cell.DepthPercent)).ToList();
        var (mean, free) = (asked.Average(cell => cell.Score), asked.Average(cell => cell.FreeScore));
        Console.WriteLine(isJson
            ? JsonSerializer.Serialize(new { mean_score = mean, mean_free_score = free, cells = asked })
            : string.Create(CultureInfo.InvariantCulture, $"mean {mean:P1}{(free is null ? "" : $", written freely {free:P1},")} over {asked.Count} cells"));
        return 0;
    }

    private static string FreeText(NeedleCell cell) => cell.FreeScore is { } free ? string.Create(CultureInfo.InvariantCulture, $"  free {free,6:P0}") : "";

    private static void Ask(NeedleArguments arguments, int ranks, Action<NeedleCell> scored, CancellationToken stop)
    {
        if (ranks > 1)
        {
            RunRanks(arguments, ranks, scored);
            return;
        }

        using var device = NativeBackend.LoadCpu().Open(arguments.Threads);
        NeedleRun.Run(arguments, device, (_, tokens) => new NeedleSeat(ModelShare.AllPositions(tokens), new LocalAttention(device), new SingleRank(), () => { }), scored, stop);
    }

    private static void RunRanks(NeedleArguments arguments, int ranks, Action<NeedleCell> scored)
    {
        using (var folder = HfModelFolder.Open(arguments.Model))
        {
            // What cannot be is refused here, in one line, before a process starts.
            foreach (var length in arguments.Task.Lengths)
            {
                PromptPlan.Of(
                    ModelDims.Of(folder.Config), ElementType.Float32, arguments.Mode, ranks, NeedlePrompt.MostTokens(arguments.OpenTokenizer(), arguments.Task, length), sink: 0);
            }
        }

        using var processes = new RankProcesses();
        processes.Run(
            ranks, [NeedleRank.Name, NeedleRank.TaskName, arguments.ToJson()],
            (_, line) => scored(JsonSerializer.Deserialize<NeedleCell>(line) ?? throw new InvalidDataException("a rank printed an empty cell")));
    }

    private static NeedleArguments ArgumentsOf(ParseResult result)
    {
        var lengths = result.GetValue(Lengths) is { } list
            ? NumberLists.Lengths(Lengths.Name, list)
            : [.. NumberLists.Range(result.GetValue(MinLength), result.GetValue(MaxLength), result.GetValue(Interval))];
        if (lengths.Length == 0)
        {
            throw new UsageException($"--max-context-length is {result.GetValue(MaxLength)}, allowed: from --min-context-length {result.GetValue(MinLength)}");
        }

        var interval = result.GetValue(DepthInterval);
        var depths = result.GetValue(Depths) is { } places
            ? NumberLists.Depths(Depths.Name, places)
            : interval is > 0 and <= 1
                ? [.. Enumerable.Range(0, (int)Math.Floor((1 / interval) + 1e-9) + 1).Select(at => Math.Round(100 * interval * at, 3))]
                : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--depth-interval is {interval}, allowed: above 0, at most 1"));
        var (_, mode, threads) = Ranks.Of(result);
        return new NeedleArguments(
            NameOf(result.GetValue(Model)!), result.GetValue(Model)!, result.GetValue(Tokenizer), [.. result.GetValue(HaystackDir)!], result.GetValue(Theta),
            mode, threads,
            new(lengths, depths, result.GetValue(Samples), result.GetValue(Digits), result.GetValue(Distractors), result.GetValue(Seed), CityOf(result.GetValue(City)!)),
            result.GetValue(Free), []);
    }

    // A run's model lies in runs/NAME/model.
    private static string NameOf(string model)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model));
        return Path.GetFileName(path) is "model" && Path.GetFileName(Path.GetDirectoryName(path)) is { Length: > 0 } run ? run : Path.GetFileName(path);
    }

    private static string? CityOf(string city) => city == "any" ? null : city;

    // EasyContext writes its options with underscores.
    private static Option<int> Number(string name, string description, int orElse, int min, int max)
    {
        var option = NumberOption.Of(name, description, orElse, min, max);
        option.Aliases.Add("--" + name[2..].Replace('-', '_'));
        return option;
    }
}
