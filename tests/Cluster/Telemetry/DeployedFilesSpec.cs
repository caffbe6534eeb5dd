using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Hosting.Telemetry.Http;
using ActorRing.Cluster.Specs.Hocon;
using ActorRing.Cluster.Specs.Settings;

namespace ActorRing.Cluster.Specs.Telemetry;

/// <summary>What is in <c>deploy/</c> for Prometheus and Grafana must ask for metrics that there are, by labels that they have.</summary>
public sealed partial class DeployedFilesSpec
{
    private static readonly string[] Suffixes = ["_bucket", "_sum", "_count"];
    private static readonly string[] OfPrometheus = ["instance", "le"];

    [Fact]
    public void Board_and_alerts_must_ask_for_what_there_is()
    {
        var metrics = Metrics();
        string[] asked = [.. BoardExpressions(), .. AlertExpressions()];

        Assert.True(asked.Length > 20);
        Assert.Empty(asked.SelectMany(expression => Flaws(expression, metrics)));
    }

    [Theory]
    [InlineData("sum(actorring_train_stepz_total)", "actorring_train_stepz_total")]
    [InlineData("sum by (rank) (actorring_jobs)", "rank")]
    [InlineData("actorring_train_loss{rank=\"1\"}", "rank")]
    [InlineData("actorring_train_loss_bucket", "actorring_train_loss_bucket")]
    public void Check_must_notice_what_there_is_not(string expression, string missing) => Assert.Equal([missing], Flaws(expression, Metrics()));

    [Fact]
    public void Every_metric_must_be_on_the_board()
    {
        var board = string.Join('\n', BoardExpressions());

        Assert.All(Metrics().Keys, name => Assert.Contains(name, board, StringComparison.Ordinal));
    }

    [PromtoolFact]
    public void Promtool_must_accept_the_configuration_the_alerts_and_every_expression_of_the_board()
    {
        using var folder = new TempFolder();
        var rules = Path.Combine(folder.Path, "board.yml");
        File.WriteAllLines(rules, [
            "groups:", "  - name: board", "    rules:",
            .. BoardExpressions().Select((expression, at) => $"      - {{ record: 'board:panel_{at}', expr: '{expression.Replace("$__rate_interval", "1m", StringComparison.Ordinal)}' }}"),
        ]);

        Assert.Equal(0, Promtool("check", "rules", rules));
        Assert.Equal(0, Promtool("check", "config", RepositoryFiles.Path("deploy/prometheus/prometheus.yml")));
        File.WriteAllText(rules, File.ReadAllText(rules).Replace("sum by", "sum bye", StringComparison.Ordinal));
        Assert.NotEqual(0, Promtool("check", "rules", rules));
    }

    // Labels by metric.
    private static Dictionary<string, HashSet<string>> Metrics()
    {
        using var instruments = new Instruments(new FixedTime());
        using var pages = new TelemetryPages(instruments, () => null, () => null, withRuntime: false);
        instruments.Take(Rows.Job(JobState.Running));
        instruments.Take(Rows.Step(1));
        instruments.Take(Rows.EpochEnds(EpochEnd.Silence));
        instruments.Take(Rows.Hop(2));
        instruments.Take(Rows.Straggler(1, isSlow: true));
        instruments.Take(Rows.Durability(isDegraded: true));
        instruments.CountCheckpoint(new(1));
        var text = pages.Metrics();
        var metrics = Types().Matches(text).ToDictionary(match => match.Groups["name"].Value, _ => new HashSet<string>(StringComparer.Ordinal), StringComparer.Ordinal);
        foreach (var sample in StrictPrometheus.Parse(text).Keys)
        {
            metrics[FamilyOf(Names().Match(sample).Value, metrics)!].UnionWith(Filters().Matches(sample).Select(match => match.Groups["label"].Value));
        }

        metrics["actorring_telemetry_dropped_total"].Add("sink"); // has no sample while nothing is lost
        return metrics;
    }

    private static IEnumerable<string> Flaws(string expression, Dictionary<string, HashSet<string>> metrics)
    {
        string[] names = [.. Names().Matches(expression).Select(match => match.Value).Distinct()];
        string[] unknown = [.. names.Where(name => FamilyOf(name, metrics) is null)];
        if (unknown.Length > 0)
        {
            return unknown;
        }

        var labels = names.SelectMany(name => metrics[FamilyOf(name, metrics)!]).Concat(OfPrometheus).ToHashSet();
        return Groupings().Matches(expression).SelectMany(match => match.Groups["labels"].Value.Split(", "))
            .Concat(names.Length > 0 ? Filters().Matches(expression).Select(match => match.Groups["label"].Value) : [])
            .Where(label => !labels.Contains(label)).Distinct();
    }

    private static string? FamilyOf(string name, Dictionary<string, HashSet<string>> metrics) =>
        metrics.ContainsKey(name) ? name
        : Suffixes.Where(suffix => name.EndsWith(suffix, StringComparison.Ordinal)).Select(suffix => name[..^suffix.Length])
            .FirstOrDefault(family => family.EndsWith("_seconds", StringComparison.Ordinal) && metrics.ContainsKey(family));

    private static List<string> BoardExpressions()
    {
        using var board = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Path("deploy/grafana/actorring.json")));
        return [.. board.RootElement.GetProperty("panels").EnumerateArray().SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.GetProperty("expr").GetString()!)];
    }

    // An expression of one line behind its key, or of several below it.
    private static List<string> AlertExpressions() =>
        [.. Alerts().Matches(File.ReadAllText(RepositoryFiles.Path("deploy/prometheus/alerts.yml"))).Select(match => match.Groups["expression"].Value)];

    private static int Promtool(params string[] arguments)
    {
        using var promtool = Process.Start(new ProcessStartInfo(PromtoolFactAttribute.Path!, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var said = (promtool.StandardError.ReadToEndAsync(), promtool.StandardOutput.ReadToEndAsync());
        promtool.WaitForExit();
        Task.WaitAll(said.Item1, said.Item2);
        return promtool.ExitCode;
    }

    [GeneratedRegex(@"^# TYPE (?<name>actorring_\S+)", RegexOptions.Multiline)]
    private static partial Regex Types();

    [GeneratedRegex(@"\bactorring_\w+")]
    private static partial Regex Names();

    [GeneratedRegex(@"(?<label>\w+)=~?""")]
    private static partial Regex Filters();

    [GeneratedRegex(@"\bby \((?<labels>[^)]*)\)")]
    private static partial Regex Groupings();

    [GeneratedRegex(@"^        expr:(?<expression>( \|\n( {10}.*\n)+)|.*\n)", RegexOptions.Multiline)]
    private static partial Regex Alerts();
}
