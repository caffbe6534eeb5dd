using System.Text.RegularExpressions;

namespace ActorRing.Architecture.Specs;

/// <summary>What a reader of the sources should never meet.</summary>
public partial class TidySpec
{
    private const int LongestLine = 200;
    private const int LongestFile = 700;

    [Fact]
    public void Sources_must_be_found() => Assert.Contains(SourceTree.Files, file => file.Path == "src/Native/include/actorring.h");

    [Fact]
    public void Sources_must_leave_nothing_for_later() => RequireNone(Lines(line => Later().IsMatch(line)));

    [Fact]
    public void Sources_must_not_know_where_somebody_keeps_them() => RequireNone(Lines(line => MachinePath().IsMatch(line)));

    [Fact]
    public void Sources_must_not_end_lines_in_spaces_or_hold_tabs() => RequireNone(Lines(line => line.EndsWith(' ') || line.Contains('\t', StringComparison.Ordinal), IsCode));

    [Fact]
    public void Lines_must_be_readable_without_scrolling() => RequireNone(Lines(line => Width(line) > LongestLine, file => IsCSharp(file) && !IsTableOfFunctions(file)));

    [Fact]
    public void Files_must_be_about_one_thing() =>
        RequireNone(from file in SourceTree.Files where IsCode(file) && !IsListOfChecks(file) && file.Lines.Length > LongestFile select $"{file.Path}: {file.Lines.Length} lines");

    [Theory]
    [InlineData("// TO" + "DO: later")]
    [InlineData("/* FIX" + "ME */")]
    public void Tidy_check_must_notice_what_is_left_for_later(string line) => Assert.Matches(Later(), line);

    [Theory]
    [InlineData("var path = \"/ho" + "me/me/model\";")]
    [InlineData("cd /ro" + "ot/ring")]
    [InlineData("path=/tm" + "p/x.conf")]
    public void Tidy_check_must_notice_a_path_of_one_machine(string line) => Assert.Matches(MachinePath(), line);

    [Theory]
    [InlineData("/proc/self/status")]
    [InlineData("model.layers/root/x")]
    [InlineData("#!/usr/bin/env bash")]
    public void Tidy_check_must_allow_paths_that_every_machine_has(string line) => Assert.DoesNotMatch(MachinePath(), line);

    private static IEnumerable<string> Lines(Func<string, bool> isBad, Func<SourceFile, bool>? among = null) =>
        from file in SourceTree.Files
        where among is null || among(file)
        from entry in file.Lines.Select((line, index) => (line, number: index + 1))
        where isBad(entry.line)
        select $"{file.Path}:{entry.number}: {entry.line.Trim()}";

    private static void RequireNone(IEnumerable<string> findings)
    {
        var all = findings.ToArray();
        Assert.True(all.Length == 0, string.Join('\n', all));
    }

    private static bool IsCSharp(SourceFile file) => file.Path.EndsWith(".cs", StringComparison.Ordinal);

    private static bool IsCode(SourceFile file) => Path.GetExtension(file.Path) is ".cs" or ".cpp" or ".h" or ".hpp" or ".inc" or ".c";

    // One row per C function, its whole signature in the row: that is what makes it comparable with the header at a glance.
    private static bool IsTableOfFunctions(SourceFile file) => file.Path.EndsWith("/NativeLibraryTable.cs", StringComparison.Ordinal);

    // Programs that check a backend by themselves, without .NET: one flat list of cases each, never read from top to bottom.
    private static bool IsListOfChecks(SourceFile file) => file.Path.StartsWith("src/Native/checks/", StringComparison.Ordinal);

    // A message or a test's data stays in one piece, so that it can be searched for: the text in quotes does not count.
    private static int Width(string line) => Quoted().Replace(line, "\"\"").Length;

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK)\b")]
    private static partial Regex Later();

    [GeneratedRegex(@"(?<![\w.$}~/-])/(home|root|work|tmp|Users|mnt)/\w")]
    private static partial Regex MachinePath();

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex Quoted();
}
