using System.Globalization;
using System.Xml.Linq;
using ActorRing.Cluster.Specs.Hocon;
using ActorRing.Cluster.Specs.Plots;
using ActorRing.Compute.Evaluation;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Specs.Cli;

[Collection(OneConsole.Name)]
public sealed class PlotCommandSpec : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Plot_must_draw_all_that_a_run_folder_holds_and_print_one_line_a_file()
    {
        var run = Run("tiny");
        Needle("tiny/eval/needle.json", "a");
        PerplexityFile.Write(Path.Combine(run, "perplexity.csv"), [new PerplexityCurve("a", [new PerplexityPoint(256, 9), new PerplexityPoint(512, 8)])]);

        var plot = CommandRun.Of("plot", run);

        Assert.Empty(plot.Errors);
        Assert.Equal(0, plot.ExitCode);
        string[] names = ["loss.svg", "grad-norm.svg", "throughput.svg", "needle.svg", "perplexity.svg"];
        Assert.Equal(names.Select(name => Path.Combine(run, name)), plot.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(names, name => Assert.Equal("svg", XElement.Load(Path.Combine(run, name)).Name.LocalName));
        Assert.Empty(Directory.GetFiles(run, "*.part", SearchOption.AllDirectories));
    }

    [Fact]
    public void Plot_must_put_several_runs_into_one_picture_in_both_formats()
    {
        var into = Path.Combine(_folder.Path, "pictures", "new");
        var plot = CommandRun.Of("plot", Run("one"), Run("two"), "--what", "loss", "--out", into, "--format", "svg", "--format", "png");

        Assert.Equal(0, plot.ExitCode);
        Assert.Equal(["loss.png", "loss.svg"], Directory.GetFiles(into).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var texts = XElement.Load(Path.Combine(into, "loss.svg")).Elements().Select(element => element.Value).ToArray();
        Assert.Equal((2, 2), (texts.Count(text => text == "one"), texts.Count(text => text == "two")));
        Assert.Equal(1920, PngReader.Read(File.ReadAllBytes(Path.Combine(into, "loss.png"))).Width);
    }

    [Fact]
    public void Plot_must_make_a_heat_map_of_each_model_of_each_run()
    {
        var (one, two) = (Needle("one/needle.json", "org/m:1", "n"), Needle("two/needle.json", "n"));
        var plot = CommandRun.Of("plot", one, two, "--out", _folder.Path);

        Assert.Equal(["needle-one-n.svg", "needle-one-org-m-1.svg", "needle-two-n.svg"], plot.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("--what 'lost'", "plot RUN --what lost", "--what is 'lost', allowed: loss, grad-norm, throughput, needle, perplexity")]
    [InlineData("--format", "plot RUN --format gif", "--format is 'gif', allowed: svg, png")]
    [InlineData("no needle", "plot RUN --what needle", "RUN: --what needle needs needle.json, which is not there; allowed: a run folder, or a metrics.jsonl, needle.json or perplexity.csv")]
    [InlineData("no such run", "plot RUN/none", "RUN/none: not there; allowed: a run folder, or a metrics.jsonl, needle.json or perplexity.csv")]
    [InlineData("not a result", "plot RUN/notes.txt", "RUN/notes.txt: unknown kind of file; allowed: a run folder, or a metrics.jsonl, needle.json or perplexity.csv")]
    [InlineData("empty folder", "plot RUN/empty", "RUN/empty: nothing to plot; allowed: a run folder, or a metrics.jsonl, needle.json or perplexity.csv")]
    [InlineData("bad score", "plot RUN RUN/bad.json", "RUN/bad.json: cell 1: score is 7; allowed: 0 to 1")]
    [InlineData("bad perplexity", "plot RUN RUN/bad.csv", "RUN/bad.csv: line 2: 'x' is not a perplexity; allowed: a number from 0, or nothing")]
    [InlineData("no cells", "plot RUN/none.json", "RUN/none.json: no cells; allowed: one or more")]
    [InlineData("out is a file", "plot RUN --out RUN/notes.txt/x", "--out is 'RUN/notes.txt/x': ")]
    public void Plot_must_say_one_line_and_write_nothing_when_the_input_is_bad(string what, string arguments, string expected)
    {
        var run = Run("run");
        _folder.Write("run/notes.txt", what);
        _folder.Write("run/bad.json", """[{"model":"m","context_length":8,"depth_percent":0,"score":7}]""");
        _folder.Write("run/none.json", "[]");
        _folder.Write("run/bad.csv", ",256\nm,x\n");
        Directory.CreateDirectory(Path.Combine(run, "empty"));

        var plot = CommandRun.Of([.. arguments.Split(' ').Select(argument => argument.Replace("RUN", run, StringComparison.Ordinal))]);

        Assert.Equal(2, plot.ExitCode);
        Assert.StartsWith("actorring: " + expected.Replace("RUN", run, StringComparison.Ordinal), Assert.Single(plot.Errors), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.svg*", SearchOption.AllDirectories));
    }

    private string Run(string name)
    {
        var rows = Enumerable.Range(1, 5).Select(step => string.Create(CultureInfo.InvariantCulture, $$"""{"step":{{step}},"loss":{{3.0 / step}},"grad_norm":1,"tokens_per_second":100,"epoch":"1"}"""));
        return Path.GetDirectoryName(_folder.Write($"{name}/metrics.jsonl", string.Join('\n', rows) + "\n"))!;
    }

    private string Needle(string name, params string[] models)
    {
        var path = _folder.Write(name, "");
        NeedleFile.WriteJson(path, models.Select(model => new NeedleCell { Model = model, ContextLength = 1024, DepthPercent = 50, Score = 0.5 }));
        return path;
    }
}
