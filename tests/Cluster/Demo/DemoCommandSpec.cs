using System.Globalization;
using System.Text.Json;
using ActorRing.Cluster.Specs.Cli;

namespace ActorRing.Cluster.Specs.Demo;

/// <summary><c>demo</c> as a newcomer runs it, with fewer updates and samples.</summary>
[Collection(OneConsole.Name)]
public sealed class DemoCommandSpec : IDisposable
{
    private readonly JobFolder _folder = new();
    private readonly JobFolder _temporary = new();

    public DemoCommandSpec()
    {
        foreach (var (book, word) in new[] { ("Gen", "created"), ("Rev", "opened") })
        {
            File.WriteAllText(
                _folder.At($"{book}.txt"), string.Concat(Enumerable.Range(0, 600).Select(i => string.Create(CultureInfo.InvariantCulture, $"And on day {i} the gates were {word}, and they went out. "))));
        }
    }

    public void Dispose()
    {
        _folder.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public void Demo_must_lose_a_rank_and_end_with_the_weights_of_an_undisturbed_run_and_a_report()
    {
        using var process = new ChildProcess(
            _temporary, ["demo", "--out", _folder.At("demo"), "--haystack-dir", _folder.Path, "--verify", "--json", "--num-samples", "1", "--stages.0.steps", "6", "--stages.1.steps", "4", "--checkpoint.interval", "3"]);
        var run = process.End();

        Assert.True(run.ExitCode == 0, string.Join("\n", run.Errors) + run.Output);
        using var figures = JsonDocument.Parse(run.Output);
        Assert.True(figures.RootElement.GetProperty("is_bit_equal").GetBoolean());
        Assert.InRange(figures.RootElement.GetProperty("parity_error").GetDouble(), 0, 1e-5);
        Assert.InRange(figures.RootElement.GetProperty("seconds_to_resume").GetDouble(), 0.001, 30);
        var report = File.ReadAllText(_folder.At("demo/report.html"));
        Assert.Equal(5, report.Split("<svg").Length - 1);
        Assert.Contains("rank 2", report, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", report.Replace("http://www.w3.org/", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Empty(RankProcess.With(_temporary.Path));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_temporary.Path), entry => Path.GetFileName(entry).StartsWith("actorring-", StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_that_is_no_demo_must_be_left_alone()
    {
        var run = CommandRun.Of("demo", "--out", _folder.Path, "--haystack-dir", _folder.Path);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("which holds something else than a demo", Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.Job));
    }

    [TinyDiskTheory]
    [InlineData(4096)]
    public void A_disk_without_room_must_be_named_before_anything_is_written(int kibibytes)
    {
        using var disk = new TinyDisk(_folder.At("disk"), kibibytes);

        var run = CommandRun.Of("demo", "--out", _folder.At("disk/demo"), "--haystack-dir", _folder.Path);

        Assert.Equal(2, run.ExitCode);
        Assert.EndsWith("disk/demo, where 4.0 MiB are free; allowed: 64.0 MiB and more", Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.At("disk")));
    }

    [Fact]
    public void A_text_that_is_not_there_must_be_named_before_anything_is_written()
    {
        var run = CommandRun.Of("demo", "--out", _folder.At("demo"), "--haystack-dir", _folder.At("nowhere"));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("where no King James text is", Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.At("demo")));
    }
}
