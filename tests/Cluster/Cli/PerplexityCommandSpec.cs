using System.Globalization;
using System.Text.Json;

namespace ActorRing.Cluster.Specs.Cli;

/// <summary><c>eval ppl</c> at lengths of context, for several models, on rank processes.</summary>
[Collection(OneConsole.Name)]
public class PerplexityCommandSpec
{
    [Theory]
    [InlineData("--lengths is '16,x', allowed: whole numbers from 2", "--lengths", "16,x")]
    [InlineData("--lengths is '1', allowed: whole numbers from 2", "--lengths", "1")]
    [InlineData("either --lengths or --min-tokens", "--lengths", "16", "--min-tokens", "8")]
    [InlineData("--tokens-step is 8 without lengths", "--tokens-step", "8")]
    [InlineData("--min-tokens is 64, allowed: up to 32", "--min-tokens", "64", "--max-tokens", "32")]
    [InlineData("either --sliding-window or --truncate", "--lengths", "16", "--truncate", "--sliding-window", "4")]
    [InlineData("allowed: with --lengths or --max-tokens", "--truncate")]
    [InlineData("allowed: without --lengths and --max-tokens", "--lengths", "16", "--seq-len", "8")]
    [InlineData("--output-file is 'x.txt', allowed: a name that ends in .csv", "--lengths", "16", "--output-file", "x.txt")]
    [InlineData("--output-file is 'nowhere/x.csv', allowed: a name that ends in .csv, in a folder that exists", "--lengths", "16", "--output-file", "nowhere/x.csv")]
    public void Eval_must_refuse_wrong_use_in_one_line(string message, params string[] arguments)
    {
        var run = CommandRun.Of(["eval", "ppl", "--model", "nowhere", "--data", "x.txt", .. arguments]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public void Eval_must_write_the_table_of_models_and_lengths()
    {
        using var folder = Trained();
        var other = folder.At("other, copied");
        CopyFolder(folder.Model, other);
        var table = folder.At("ppl.csv");

        var run = CommandRun.Of(
            "eval", "ppl", "--model", folder.Model, "--model", other, "--data", folder.At("documents.jsonl"), "--min-tokens", "8", "--max-tokens", "40", "--sliding-window", "16",
            "--output-file", table, "--json");

        Assert.Equal((0, Array.Empty<string>()), (run.ExitCode, run.Errors));
        var models = JsonDocument.Parse(run.Output).RootElement;
        var lines = File.ReadAllLines(table);
        Assert.Equal(",8,16,32", lines[0]);
        var values = models[0].GetProperty("perplexity").EnumerateArray().Select(value => value.GetDouble()).ToArray();
        Assert.Equal($"{folder.Model},{string.Join(',', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)))}", lines[1]);
        Assert.Equal($"\"{other}\",{lines[1][(folder.Model.Length + 1)..]}", lines[2]);
        var picture = File.ReadAllText(folder.At("ppl.svg"));
        Assert.Contains("Perplexity by context length", picture, StringComparison.Ordinal);
        Assert.Contains("copied", picture, StringComparison.Ordinal); // both models are named
        Assert.Equal("PNG"u8.ToArray(), File.ReadAllBytes(folder.At("ppl.png"))[1..4]);
        Assert.Equal([8, 16, 32], models[1].GetProperty("lengths").EnumerateArray().Select(value => value.GetInt32()));
        Assert.All(models[0].GetProperty("scored").EnumerateArray(), scored => Assert.Equal(61 + 13, scored.GetInt32())); // each byte and end token once
    }

    [Fact]
    public void Eval_must_choose_documents_and_cut_them_as_it_is_told()
    {
        using var folder = Trained();
        int Scored(params string[] arguments)
        {
            var run = CommandRun.Of(["eval", "ppl", "--model", folder.Model, "--data", folder.At("documents.jsonl"), "--json", .. arguments]);
            return JsonDocument.Parse(run.Output).RootElement[0].GetProperty("scored")[0].GetInt32();
        }

        Assert.Equal(15 + 13, Scored("--lengths", "16", "--truncate"));
        Assert.Equal(61, Scored("--lengths", "16", "--samples", "1"));
        Assert.Equal(61, Scored("--lengths", "16", "--document-min-tokens", "14"));
        Assert.Equal(15, Scored("--lengths", "16", "--document-min-tokens", "14", "--truncate"));
    }

    [Fact]
    public void Eval_must_find_a_uniform_model_as_perplexed_as_its_vocabulary_at_every_length()
    {
        using var folder = Trained("model.config.initializer_range = 0\nstages = [ { seq_len = 8, steps = 1, lr = 0 } ]");

        var run = CommandRun.Of("eval", "ppl", "--model", folder.Model, "--data", folder.At("documents.jsonl"), "--lengths", "8,31,64", "--json");

        Assert.All(JsonDocument.Parse(run.Output).RootElement[0].GetProperty("perplexity").EnumerateArray(), value => Assert.Equal(260, value.GetDouble(), 1e-4));
    }

    [Fact]
    public void Eval_must_find_on_rank_processes_what_it_finds_on_one()
    {
        using var folder = Trained();
        string[] data = ["eval", "ppl", "--model", folder.Model, "--data", folder.At("documents.jsonl"), "--json"];
        foreach (var arguments in (string[][])[[.. data, "--lengths", "12,40", "--sliding-window", "5"], [.. data, "--seq-len", "20"]])
        {
            using var process = new ChildProcess([.. arguments, "--ranks", "3", "--mode", "zigzag"]);
            var (alone, together) = (CommandRun.Of(arguments), process.End());

            Assert.Equal((0, 0), (alone.ExitCode, together.ExitCode));
            var (one, several) = (Numbers(alone.Output), Numbers(together.Output));
            Assert.Equal(one.Length, several.Length);
            Assert.All(one.Zip(several), pair => Assert.Equal(pair.First, pair.Second, Math.Abs(pair.First) * 1e-5));
        }
    }

    private static double[] Numbers(string json) => [.. NumbersOf(JsonDocument.Parse(json).RootElement)];

    private static IEnumerable<double> NumbersOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => [element.GetDouble()],
        JsonValueKind.Array => element.EnumerateArray().SelectMany(NumbersOf),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(field => NumbersOf(field.Value)),
        _ => [],
    };

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    // Two documents of 60 and 12 bytes, each with an end token.
    private static JobFolder Trained(string more = "")
    {
        var folder = new JobFolder();
        folder.WriteJob(more);
        File.WriteAllText(folder.At("documents.jsonl"), $"{{\"text\":\"{new string('a', 30)}{new string('b', 30)}\"}}\n{{\"text\":\"line 5 of a \"}}\n");
        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);
        return folder;
    }
}
