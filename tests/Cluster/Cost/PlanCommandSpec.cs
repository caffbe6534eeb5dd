using System.Text.Json;
using ActorRing.Cluster.Specs.Cli;

namespace ActorRing.Cluster.Specs.Cost;

/// <summary><c>actorring plan --gpus</c> as it is typed.</summary>
[Collection(OneConsole.Name)]
public class PlanCommandSpec
{
    [Fact]
    public void Plan_must_answer_about_a_model_that_nobody_has_without_taking_its_memory()
    {
        var before = GC.GetTotalAllocatedBytes();
        var run = CommandRun.Of("plan", "--preset", "llama-2-13b", "--tokens", "256k", "--gpus", "16", "--gpu", "a100-80g", "--link", "nvlink");

        Assert.Equal(0, run.ExitCode);
        Assert.Empty(run.Errors);
        Assert.Contains("chosen: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("262144 tokens", run.Output, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 200L << 20);
    }

    [Fact]
    public void Plan_must_print_json_with_every_mode_the_choice_and_its_parts()
    {
        var run = CommandRun.Of("plan", "--preset", "llama-3-8b", "--tokens", "131072", "--gpus", "8", "--gpu", "h100-80g", "--json");
        var root = JsonDocument.Parse(run.Output).RootElement;

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(8_030_261_248, root.GetProperty("parameters").GetInt64());
        Assert.Equal(9, root.GetProperty("modes").GetArrayLength());
        Assert.True(root.GetProperty("fits").GetBoolean());
        var chosen = root.GetProperty("chosen");
        Assert.Equal(chosen.GetProperty("memory_bytes").GetInt64() + chosen.GetProperty("host_bytes").GetInt64(),
            chosen.GetProperty("memory").EnumerateArray().Sum(part => part.GetProperty("bytes").GetInt64()));
        Assert.Equal(chosen.GetProperty("update_seconds").GetDouble(), chosen.GetProperty("time").EnumerateArray().Sum(part => part.GetProperty("seconds").GetDouble()), 1e-6);
        string[] keys = ["tokens_per_second", "mfu_causal", "mfu_full", "hops_per_update", "bytes_per_update", "kv_block_bytes"];
        Assert.All(keys, key => Assert.True(chosen.TryGetProperty(key, out _), key));
        Assert.NotEqual(0, root.GetProperty("explanation").GetArrayLength());
    }

    [Fact]
    public void Plan_must_end_with_code_1_name_the_part_and_offer_three_changes_when_nothing_fits()
    {
        string[] arguments = ["plan", "--preset", "llama-2-7b", "--tokens", "2M", "--gpus", "8", "--gpu", "a100-80g", "--link", "nvlink"];
        var run = CommandRun.Of(arguments);
        var root = JsonDocument.Parse(CommandRun.Of([.. arguments, "--json"]).Output).RootElement;

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("nothing fits. Nearest is ", run.Output, StringComparison.Ordinal);
        Assert.Contains("kept activations need", run.Output, StringComparison.Ordinal);
        Assert.Contains("  3. ", run.Output, StringComparison.Ordinal);
        Assert.Equal("kept activations", root.GetProperty("overflow").GetProperty("part").GetString());
        Assert.Equal(3, root.GetProperty("changes").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("chosen").ValueKind);
    }

    [Fact]
    public void Plan_must_fit_when_a_change_that_it_offers_is_typed_in()
    {
        string[] arguments = ["plan", "--preset", "llama-2-7b", "--tokens", "131072", "--gpus", "8", "--gpu", "l20", "--recompute", "none"];
        var root = JsonDocument.Parse(CommandRun.Of([.. arguments, "--json"]).Output).RootElement;

        foreach (var change in root.GetProperty("changes").EnumerateArray())
        {
            var typed = change.GetProperty("change").GetString()!.Split(':')[0].Split(' ');
            var kept = typed.Where((_, at) => at % 2 == 0).Aggregate(arguments.AsEnumerable(), Without);
            Assert.Equal(0, CommandRun.Of([.. kept, .. typed]).ExitCode);
        }
    }

    [Fact]
    public void Plan_must_take_model_length_and_policy_of_a_job()
    {
        using var folder = new JobFolder();
        folder.WriteJob("activation_checkpoint.mode = full");
        var root = JsonDocument.Parse(CommandRun.Of("plan", folder.Job, "--gpus", "2", "--json").Output).RootElement;

        // Two rows of 32 tokens hold more than one row of 48.
        Assert.Equal("spec", root.GetProperty("name").GetString());
        Assert.Equal(32, root.GetProperty("tokens").GetInt64());
        Assert.Equal(2, root.GetProperty("batch").GetInt64());
        Assert.Equal("full", root.GetProperty("chosen").GetProperty("recompute").GetString());

        var longer = CommandRun.Of("plan", folder.Job, "--gpus", "2", "--json", "--stages.0.seq_len", "64");
        Assert.Equal(64, JsonDocument.Parse(longer.Output).RootElement.GetProperty("tokens").GetInt64());
    }

    [Fact]
    public void Plan_must_read_a_bare_config_without_weights()
    {
        using var folder = new JobFolder();
        File.WriteAllText(folder.At("config.json"), """
            {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 32000}
            """);

        foreach (var path in new[] { folder.Path, folder.At("config.json") })
        {
            var run = CommandRun.Of("plan", "--model", path, "--tokens", "64k", "--gpus", "8", "--json");
            Assert.Equal(6_738_415_616, JsonDocument.Parse(run.Output).RootElement.GetProperty("parameters").GetInt64());
        }
    }

    [Fact]
    public void Plan_must_plan_one_mode_when_it_is_asked_for_by_easycontexts_name()
    {
        var run = CommandRun.Of("plan", "--preset", "llama-2-7b", "--tokens", "64k", "--gpus", "8", "--mode", "zigzag_ring_attn", "--json");
        var root = JsonDocument.Parse(run.Output).RootElement;

        Assert.Equal("zigzag", Assert.Single(root.GetProperty("modes").EnumerateArray()).GetProperty("mode").GetString());
    }

    [Theory]
    [InlineData("--gpu", "a100-80", "nearest is 'a100-80g'")]
    [InlineData("--gpu", "h100", "nearest is 'h100-80g'")]
    [InlineData("--link", "nvlnk", "nvlink")]
    [InlineData("--mode", "zigzga", "zigzag")]
    [InlineData("--preset", "llama-2-7", "llama-2-7b")]
    [InlineData("--gpus", "0", "from 1 to 16384")]
    [InlineData("--gpus", "eight", "from 1 to 16384")]
    [InlineData("--tokens", "-5", "a whole number from 1")]
    [InlineData("--tokens", "64q", "a whole number from 1")]
    [InlineData("--zero", "4", "0, 1, 2, 3, auto")]
    [InlineData("--recompute", "ful", "full")]
    [InlineData("--offload", "optimiser", "optimizer")]
    [InlineData("--dtype", "float16", "float32")]
    [InlineData("--bandwidth", "0", "above 0")]
    [InlineData("--memory", "lots", "above 0")]
    [InlineData("--gpu", "cpu", "--peak")]
    [InlineData("--model", "nowhere", "config.json")]
    public void Plan_must_refuse_a_bad_option_in_one_line_naming_it_and_what_is_allowed(string option, string value, string allowed)
    {
        string[] good = ["--preset", "llama-2-7b", "--tokens", "64k", "--gpus", "8"];
        IEnumerable<string> rest = option == "--model" ? Without(good, "--preset") : Without(good, option);

        var run = CommandRun.Of(["plan", .. rest, option, value]);

        Assert.Equal(2, run.ExitCode);
        var line = Assert.Single(run.Errors);
        Assert.Contains(allowed, line, StringComparison.Ordinal);
        Assert.Contains(value, line, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Theory]
    [InlineData("plan", "--gpuss", "8", "--preset", "llama-2-7b")]
    [InlineData("plan", "--preset", "llama-2-7b", "--tokens", "64k", "--gpuss", "8")]
    [InlineData("plan", "job.conf", "--gpuss", "8")]
    [InlineData("plan", "job.conf", "--gpuss=8")]
    public void Plan_must_name_the_nearest_option_to_an_unknown_one(params string[] arguments) =>
        Assert.Equal("actorring: unknown option '--gpuss'; nearest is '--gpus'", Assert.Single(CommandRun.Of(arguments).Errors));

    [Theory]
    [InlineData("plan", "--training.steps", "3", "job.conf", "--gpus", "8")]
    [InlineData("plan")]
    [InlineData("plan", "--gpus", "8")]
    [InlineData("plan", "--preset", "llama-2-7b", "--gpus", "8")]
    [InlineData("plan", "--preset", "llama-2-7b", "--tokens", "64k")]
    public void Plan_must_say_what_is_missing(params string[] arguments)
    {
        var run = CommandRun.Of(arguments);

        Assert.Equal(2, run.ExitCode);
        Assert.Single(run.Errors);
    }

    [Fact]
    public void Check_of_published_runs_must_pass_and_show_every_row()
    {
        var run = CommandRun.Of("plan", "--check-published");
        var rows = JsonDocument.Parse(CommandRun.Of("plan", "--check-published", "--json").Output).RootElement.EnumerateArray().ToList();

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(13, rows.Count);
        Assert.Equal(5, rows.Count(row => row.GetProperty("role").GetString() == "held" && row.GetProperty("within").GetBoolean()));
        Assert.All(rows, row => Assert.Contains(row.GetProperty("row").GetString()!, run.Output, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Without(IEnumerable<string> arguments, string option)
    {
        var list = arguments.ToList();
        var at = list.IndexOf(option);
        return at < 0 ? list : [.. list[..at], .. list[(at + 2)..]];
    }
}
