using System.Globalization;
using System.Text.Json;
using ActorRing.Cluster.Specs.Cli;
using ActorRing.Cluster.Specs.Settings;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Specs.Evaluation;

/// <summary><c>eval needle</c> on the base model that the repository ships.</summary>
[Collection(OneConsole.Name)]
public sealed class NeedleCommandSpec : IDisposable
{
    private static readonly string Base = RepositoryFiles.Path("models/needle");

    private readonly JobFolder _folder = new();

    public NeedleCommandSpec() =>
        File.WriteAllText(_folder.At("book.txt"), string.Concat(Enumerable.Range(0, 400).Select(i => string.Create(CultureInfo.InvariantCulture, $"And it came to pass on day {i} that they rested. "))));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Several_ranks_must_find_the_same_cells_and_scores_as_one_process()
    {
        string[] cells = ["--lengths", "100,220", "--depths", "0,50", "--free-generation"];
        using var alone = new ChildProcess([.. Arguments("alone"), .. cells]);
        var one = alone.End();
        using var together = new ChildProcess([.. Arguments("together"), .. cells, "--ranks", "3", "--mode", "zigzag"]);
        var several = together.End();

        Assert.Equal((0, 0), (one.ExitCode, several.ExitCode));
        var found = Cells("alone");
        Assert.Equal(4, found.Count);
        Assert.Contains(found, cell => cell.PartialCredit > 0.5);
        Assert.Contains(found, cell => cell.FreeScore > 0);
        Assert.All(found, cell => Assert.Equal(cell.Score, cell.FreeScore));
        Assert.Equal(found.Select(Key), Cells("together").Select(Key));
        Assert.All((string[])["needle.csv", "needle.svg", "needle.png"], file => Assert.True(new FileInfo(Path.Combine(_folder.At("alone"), file)).Length > 100, file));
    }

    [Fact]
    public void A_test_must_go_on_where_it_was_and_refuse_the_cells_of_another()
    {
        Assert.Equal(0, CommandRun.Of([.. Arguments("again"), "--lengths", "60", "--depths", "50"]).ExitCode);
        var first = Assert.Single(Cells("again"));

        Assert.Equal(0, CommandRun.Of([.. Arguments("again"), "--lengths", "60,90", "--depths", "50"]).ExitCode);
        Assert.Equal(first, Cells("again")[0]);
        Assert.Equal([60, 90], Cells("again").Select(cell => cell.ContextLength));

        var other = CommandRun.Of([.. Arguments("again"), "--lengths", "60", "--depths", "50", "--num-distractor", "2"]);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("holds the cells of another test; allowed: the same options", Assert.Single(other.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--lengths", "60,x", "--lengths is '60,x', allowed: whole numbers from 1 by commas")]
    [InlineData("--depths", "101", "--depths is '101', allowed: numbers from 0 to 100 by commas")]
    [InlineData("--depth_interval", "0", "--depth-interval is 0, allowed: above 0, at most 1")]
    [InlineData("--max_context_length", "10", "--max-context-length is 10, allowed: from --min-context-length 1000")]
    [InlineData("--mode", "zigzga", "nearest possible: zigzag")]
    [InlineData("--mode", "ring,zigzag", "--mode is 'ring,zigzag', allowed: one of ring")]
    public void What_cannot_be_must_be_refused_in_one_line(string option, string value, string message)
    {
        var run = CommandRun.Of([.. Arguments("wrong"), option, value]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.At("wrong")));
    }

    [Fact]
    public void Training_data_must_be_written_whole_and_never_over_a_file()
    {
        string[] arguments = ["data", "needles", "--tokenizer", Path.Combine(Base, "tokenizer.json"), "--haystack-dir", _folder.At("book.txt"), "--documents", "7", "--tokens", "200", "-o", _folder.At("x.tokens")];

        var first = CommandRun.Of(arguments);
        var second = CommandRun.Of(arguments);

        Assert.Equal((0, 2), (first.ExitCode, second.ExitCode));
        Assert.Contains("7 documents of 200 tokens", first.Output, StringComparison.Ordinal);
        Assert.Contains("x.tokens exists; allowed: a file that does not", Assert.Single(second.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama-2-7b-1m", 8, 1e9)]
    [InlineData("danube2-1.8b-256k", 9, 1e8)]
    public void Published_tables_must_be_jobs_that_can_be_planned(string job, int stages, double lastTheta)
    {
        var path = RepositoryFiles.Path($"hocon/jobs/{job}.conf");
        var settings = Hosting.Settings.JobSettings.Load(path, RepositoryFiles.Path("hocon/reference.conf"), [], _ => null);
        var plan = CommandRun.Of("plan", path, "--gpus", "8", "--gpu", "a100-80g", "--link", "nvlink", "--json");

        Assert.Equal(0, plan.ExitCode);
        Assert.Equal(stages, settings.Stages.Count);
        Assert.Equal(lastTheta, settings.Stages[^1].RopeTheta);
        using var report = JsonDocument.Parse(plan.Output);
        Assert.NotEqual(JsonValueKind.Null, report.RootElement.GetProperty("chosen").ValueKind);
    }

    private static object Key(NeedleCell cell) => (cell.ContextLength, cell.DepthPercent, cell.Score, cell.PartialCredit, cell.Needle, cell.ModelResponse, cell.FreeScore, cell.FreeResponse);

    private string[] Arguments(string folder) =>
        ["eval", "needle", "--model", Base, "--haystack-dir", _folder.At("book.txt"), "--num-samples", "2", "--rnd-number-digits", "5", "--city", "any", "--threads", "1", "--out", _folder.At(folder)];

    private IReadOnlyList<NeedleCell> Cells(string folder) => NeedleFile.ReadJson(Path.Combine(_folder.At(folder), "needle.json"));
}
