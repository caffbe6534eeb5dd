using ActorRing.Compute.Data;

namespace ActorRing.Compute.Specs.Data;

public sealed class SourceFilesSpec : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Files_must_come_in_the_order_named_and_those_of_a_pattern_by_name()
    {
        foreach (var name in new[] { "b.txt", "a.txt", "B.txt", "c.jsonl", ".hidden.txt", "a.txt.gz" }) folder.Write(name, "");
        Assert.Equal([folder.File("c.jsonl"), folder.File("B.txt"), folder.File("a.txt"), folder.File("b.txt")],
            SourceFiles.Expand([folder.File("c.jsonl"), folder.File("*.txt")]));
        Assert.Equal([folder.File("a.txt"), folder.File("b.txt"), folder.File("a.txt")],
            SourceFiles.Expand([folder.File("a.txt"), folder.File("b.tx?"), folder.File("a.txt")]));
    }

    [Fact]
    public void A_name_must_be_refused_in_one_line_when_it_leads_to_no_file()
    {
        var none = folder.File("none.txt");
        Assert.Equal($"{none}: matches no file; allowed: the path of a file, or a pattern such as data/*.txt",
            Assert.Throws<FileNotFoundException>(() => SourceFiles.Expand([none])).Message);
        var pattern = folder.File("*.csv");
        Assert.Equal($"{pattern}: matches no file; allowed: the path of a file, or a pattern such as data/*.txt",
            Assert.Throws<FileNotFoundException>(() => SourceFiles.Expand([pattern])).Message);
        Assert.Throws<FileNotFoundException>(() => SourceFiles.Expand([folder.File("nowhere/*.txt")]));
        Assert.Equal($"{folder.Path}: is a folder; allowed: a file, or a pattern such as {folder.File("*.txt")}",
            Assert.Throws<InvalidDataException>(() => SourceFiles.Expand([folder.Path])).Message);
        var deep = folder.File("*/a.txt");
        Assert.Equal($"{deep}: a wildcard in a folder's name; allowed: wildcards in the file name",
            Assert.Throws<InvalidDataException>(() => SourceFiles.Expand([deep])).Message);
    }

    [Fact]
    public void A_pipe_must_be_refused_at_once_instead_of_waiting_for_its_writer()
    {
        using (var made = System.Diagnostics.Process.Start("mkfifo", folder.File("pipe.txt"))) made.WaitForExit();
        foreach (var name in new[] { folder.File("pipe.txt"), folder.File("*.txt") })
        {
            Assert.Equal($"{folder.File("pipe.txt")}: is not a regular file; only regular files are read",
                Assert.Throws<InvalidDataException>(() => SourceFiles.Expand([name])).Message);
        }
    }

    [Theory]
    [InlineData("a.txt", SourceFormat.Text)]
    [InlineData("a.TXT.GZ", SourceFormat.Text)]
    [InlineData("a.jsonl", SourceFormat.JsonLines)]
    [InlineData("a.b.jsonl.gz", SourceFormat.JsonLines)]
    [InlineData("a.tokens", SourceFormat.Tokens)]
    public void The_format_must_follow_from_the_ending_when_it_is_left_open(string name, SourceFormat format) =>
        Assert.Equal(format, SourceFiles.FormatOf(name, SourceFormat.Auto));

    [Fact]
    public void The_format_must_be_the_one_named_or_an_error()
    {
        Assert.Equal(SourceFormat.Text, SourceFiles.FormatOf("a.csv", SourceFormat.Text));
        foreach (var name in new[] { "a.csv", "a", "a.tokens.gz", "a.gz" })
        {
            Assert.Equal($"{name}: unknown kind of data file; allowed: .txt, .txt.gz, .jsonl, .jsonl.gz, .tokens, or a format that says what it is",
                Assert.Throws<InvalidDataException>(() => SourceFiles.FormatOf(name, SourceFormat.Auto)).Message);
        }
    }
}
