using System.Text.RegularExpressions;
using ActorRing.Cluster.Cli;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Specs.Cli;
using ActorRing.Cluster.Specs.Settings;

namespace ActorRing.Cluster.Specs.Docs;

/// <summary>What README and docs tell people to type: every command is understood, and those that need no cluster and end within seconds are run, in their order.</summary>
public sealed partial class DocumentedCommandsSpec
{
    // What is not run as it stands, by the beginning of the command: with more arguments, or not at all because other specs run it smaller.
    private static readonly (string Start, string[]? More)[] NotAsTheyStand =
    [
        ("train hocon/jobs/tiny.conf", ["--stages.0.steps", "3", "--stages.1.steps", "2", "--lr_scheduler.warmup_steps", "1"]),
        ("demo", null), // DemoCommandSpec
        ("up", null), // ClusterRecoverySpec, and all that need a cluster
        ("ring", null),
        ("seed", null),
        ("member", null),
        ("submit-training", null),
        ("chaos", null),
        ("verify", null), // VerifyCommandSpec
        ("bench attention", null), // a spec for each
        ("bench linear", null),
        ("bench step", null),
        ("bench ring", null),
        ("bench throughput", null),
        ("bench transport", null),
        ("bench recovery", null),
        ("bench durability", null),
        ("bench straggler", null), // StragglerSpec
        ("bench save-faults", null), // SaveFaultsSpec
        ("bench goodput", null), // GoodputSpec
        ("bench guards", null), // GuardsSpec
        ("bench partitions", null), // PartitionsSpec
        ("eval needle --model models/needle --haystack-dir artifacts/data/kjv --lengths 64,130,200,1024", null), // minutes; a smaller one is run
        ("simulate", null), // the launcher's; tests/Simulation
        ("test", null),
    ];

    // What people put in themselves, and what stands for it here. Any other word in capitals is a mistake.
    private static readonly Dictionary<string, string> Placeholders = new() { ["JOB"] = "hocon/jobs/tiny.conf", ["HELD_OUT"] = "artifacts/data/kjv" };

    public static TheoryData<string, string> All()
    {
        var all = new TheoryData<string, string>();
        foreach (var (document, command) in Documents().SelectMany(document => CommandsOf(document).Select(command => (document, command))).Distinct())
        {
            all.Add(document, command);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_documented_command_must_be_understood(string document, string command)
    {
        var words = Words(command);
        if (words[0] is "test" or "simulate")
        {
            Assert.Contains($"${{1:-}} == {words[0]} ", File.ReadAllText(RepositoryFiles.Path("actorring")), StringComparison.Ordinal);
            return;
        }

        Assert.DoesNotContain(words, word => Placeholder().IsMatch(word));
        Assert.Empty(CommandLine.Root().Parse(words).Errors.Select(error => $"{document}: {error.Message}"));
        var named = words.Where(word => word.StartsWith("hocon/", StringComparison.Ordinal) || word.StartsWith("models/", StringComparison.Ordinal));
        Assert.All(named, word => Assert.True(Path.Exists(RepositoryFiles.Path(word)), word));
    }

    [Fact]
    public void The_documents_must_have_commands_of_every_kind() => Assert.Empty(
        ((string[])["train", "demo", "eval", "generate", "plot", "plan", "verify", "bench", "up", "seed", "member", "submit-training", "certificates", "test"])
        .Except(Documents().SelectMany(CommandsOf).Select(command => Words(command)[0])));

    [Fact]
    public void Exceptions_must_be_of_documented_commands() =>
        Assert.All(NotAsTheyStand, one => Assert.Contains(Documents().SelectMany(CommandsOf), command => IsOf(command, one.Start)));

    [Fact]
    public void Documented_commands_must_do_what_they_are_told()
    {
        using var folder = new JobFolder();
        Directory.CreateDirectory(folder.At("artifacts/data/kjv"));
        foreach (var linked in new[] { "hocon", "models" })
        {
            Directory.CreateSymbolicLink(folder.At(linked), RepositoryFiles.Path(linked));
        }

        foreach (var book in new[] { "Gen", "Exod", "Rev" })
        {
            File.WriteAllText(folder.At($"artifacts/data/kjv/{book}.txt"), string.Concat(Enumerable.Repeat($"And the gates of {book} were opened, and the day was new.\n", 300)));
        }

        var run = new List<string>();
        foreach (var command in Documents().SelectMany(CommandsOf).Distinct())
        {
            var known = NotAsTheyStand.FirstOrDefault(one => IsOf(command, one.Start));
            if (known is { Start: not null, More: null })
            {
                continue;
            }

            using var process = new ChildProcess(folder, [.. Words(command), .. known.More ?? []], folder.Path);
            var end = process.End();
            Assert.True(end.ExitCode == 0, $"./actorring {command}: {end.ExitCode}: {string.Join(' ', end.Errors)}");
            run.Add(Words(command)[0]);
        }

        Assert.Empty(((string[])["train", "eval", "generate", "plot", "plan", "doctor", "certificates"]).Except(run));
    }

    private static IEnumerable<string> Documents() =>
    [
        "README.md", "CONTRIBUTING.md", "models/needle/README.md",
        .. Directory.GetFiles(RepositoryFiles.Path("docs"), "*.md").Order(StringComparer.Ordinal).Select(path => $"docs/{Path.GetFileName(path)}"),
    ];

    // Lines of console blocks with a prompt, and what stands between backticks elsewhere; without the comment after it.
    private static IEnumerable<string> CommandsOf(string document) =>
        Command().Matches(File.ReadAllText(RepositoryFiles.Path(document))).Select(match => match.Groups["line"].Success ? match.Groups["line"].Value : match.Groups["inline"].Value)
            .Select(command => Placeholder().Replace(Comment().Replace(command, "").Trim(), word => Placeholders.GetValueOrDefault(word.Value, word.Value)))
            .Where(command => !command.Contains("...", StringComparison.Ordinal));

    private static bool IsOf(string command, string start) => (command + " ").StartsWith(start + " ", StringComparison.Ordinal);

    private static string[] Words(string command) => [.. Word().Matches(command).Select(match => match.Value.Trim('\'', '"'))];

    [GeneratedRegex(@"^\S*\$ \./actorring (?<line>.+)$|`\./actorring (?<inline>[^`]+)`", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"\s+#.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<=^|\s)[A-Z][A-Z_]*(?=\s|$)")]
    private static partial Regex Placeholder();

    [GeneratedRegex("""'[^']*'|"[^"]*"|\S+""")]
    private static partial Regex Word();
}
