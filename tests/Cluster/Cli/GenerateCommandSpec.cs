using System.Text.Json;

namespace ActorRing.Cluster.Specs.Cli;

[Collection(OneConsole.Name)]
public class GenerateCommandSpec
{
    [Theory]
    [InlineData("allowed: one of --prompt and --prompt-file")]
    [InlineData("allowed: one of --prompt and --prompt-file", "--prompt", "a", "--prompt-file", "b")]
    [InlineData("--temperature is -1, allowed: a number from 0", "--prompt", "a", "--temperature", "-1")]
    [InlineData("--top-p is 0, allowed: above 0, up to 1", "--prompt", "a", "--top-p", "0")]
    [InlineData("--top-k is '-1'", "--prompt", "a", "--top-k", "-1")]
    [InlineData("--max-new-tokens is '0'", "--prompt", "a", "--max-new-tokens", "0")]
    [InlineData("nowhere.txt", "--prompt-file", "nowhere.txt")]
    [InlineData("nowhere", "--prompt", "a")]
    [InlineData("mode is 'data_parallel'", "--prompt", "a", "--mode", "data_parallel")]
    [InlineData("--mode is 'ring,zigzag', allowed: one of", "--prompt", "a", "--mode", "ring,zigzag")]
    public void Generate_must_refuse_wrong_use_in_one_line(string message, params string[] arguments)
    {
        var run = CommandRun.Of(["generate", "--model", "nowhere", .. arguments]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public void Generate_must_refuse_more_than_the_machine_has_room_for_before_it_takes_any()
    {
        using var folder = Trained();

        var run = CommandRun.Of("generate", "--model", folder.Model, "--prompt", "line", "--max-new-tokens", "1000000000");

        Assert.Equal(1, run.ExitCode);
        Assert.Matches("^actorring: 5 tokens and 1000000000 new ones on 1 rank: .* GiB planned; allowed: up to .* GiB", Assert.Single(run.Errors));
    }

    [Fact]
    public void Generate_must_stream_the_text_that_it_reports()
    {
        using var folder = Trained();
        string[] arguments = ["generate", "--model", folder.Model, "--prompt", "line 3 of", "--max-new-tokens", "24", "--temperature", "0.8", "--seed", "3", "--ignore-eos"];

        var text = CommandRun.Of(arguments);
        var report = CommandRun.Of([.. arguments, "--json"]);

        Assert.Equal((0, 0), (text.ExitCode, report.ExitCode));
        var found = JsonDocument.Parse(report.Output).RootElement;
        Assert.Equal(text.Output, found.GetProperty("text").GetString() + "\n");
        Assert.Equal((10, 24, "length"), (found.GetProperty("prompt_tokens").GetInt32(), found.GetProperty("new_tokens").GetInt32(), found.GetProperty("end").GetString()));
        Assert.Equal(24, found.GetProperty("tokens").GetArrayLength());
    }

    [Fact]
    public void Generate_must_write_on_several_rank_processes_what_it_writes_on_one()
    {
        using var folder = Trained();
        File.WriteAllText(folder.At("prompt.txt"), "line 7 of a text");
        string[] arguments = ["generate", "--model", folder.Model, "--prompt-file", folder.At("prompt.txt"), "--max-new-tokens", "33", "--ignore-eos"];
        var alone = CommandRun.Of(arguments);

        using var process = new ChildProcess([.. arguments, "--ranks", "3", "--mode", "zigzag"]);
        var together = process.End();

        Assert.Equal((0, alone.Output), (together.ExitCode, together.Output));
        Assert.NotEmpty(alone.Output.Trim());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Generate_must_end_its_line_and_leave_nothing_when_it_is_interrupted(int ranks)
    {
        using var folder = Trained();
        using var temporary = new JobFolder();
        using var process = new ChildProcess(
            temporary, ["generate", "--model", folder.Model, "--prompt", "line", "--max-new-tokens", "1000000", "--temperature", "9", "--ignore-eos", "--ranks", $"{ranks}"]);
        process.AwaitLine(""); // a model this hot breaks a line soon

        process.Signal(ChildProcess.Sigint);
        var run = process.End();

        Assert.Equal((130, "actorring: stopped"), (run.ExitCode, Assert.Single(run.Errors)));
        Assert.EndsWith("\n", run.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(temporary.Path, "actorring-*"));
        Assert.Empty(RankProcess.With(temporary.Path));
    }

    private static JobFolder Trained()
    {
        var folder = new JobFolder();
        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);
        return folder;
    }
}
