using ActorRing.Cluster.Specs.Jobs;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.Cli;

/// <summary>Whatever a job file says wrongly, it is refused by what submits it, before anything is made or sent.</summary>
[Collection(OneConsole.Name)]
public sealed class BadJobsSpec(ITestOutputHelper output) : IDisposable
{
    private static readonly string[] Slips = ["Exception", "   at ", "System.", "Object reference", "index was out"];
    private readonly TrainingFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Submission_must_name_file_line_key_value_and_what_is_allowed_when_one_line_is_wrong()
    {
        var bad = BadJob.Lines().ToList();
        var good = File.ReadAllText(_folder.Job("never", steps: 4, 2, every: 2)).TrimEnd();
        var line = good.Split('\n').Length + 1;
        var wrong = new List<string>();
        foreach (var one in bad)
        {
            File.WriteAllText(_folder.At("never.conf"), $"{good}\n{one.Line}\n");
            var run = Submit();
            if (!run.Errors.Any(error => Names(error, $"{_folder.At("never.conf")}:{line}: ", one)) || IsSlip(run))
            {
                wrong.Add($"{one.Line}  ->  {run.ExitCode} {string.Join(" / ", run.Errors)}");
            }
        }

        output.WriteLine($"{bad.Count} wrong lines");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {bad.Count}:\n{string.Join('\n', wrong)}");
        Assert.InRange(bad.Count, 200, int.MaxValue);
        AssertNothingWasMade();
    }

    [Fact]
    public void Submission_must_be_refused_in_lines_when_the_file_is_no_job()
    {
        var wrong = new List<string>();
        foreach (var (text, named) in BadJob.Files(_folder.Path))
        {
            File.WriteAllText(_folder.At("job.conf"), text);
            var run = Submit("job.conf");
            if (IsSlip(run) || !run.Errors.Any(error => error.Contains(named, StringComparison.Ordinal)))
            {
                wrong.Add($"{text[..Math.Min(40, text.Length)]}  ->  {run.ExitCode} {string.Join(" / ", run.Errors.Take(3))}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        AssertNothingWasMade();
    }

    [Fact]
    public void Submission_must_name_all_that_is_wrong_at_once()
    {
        var job = _folder.Job("never", steps: 4, 2, every: 2, more: "optimizer.eps = no\ntraining.seed = -1\nparallelism.transport = pigeon\ncheckpoint.export = perhaps\nlerning = 1");

        var run = Submit();

        Assert.All(["optimizer.eps", "training.seed", "parallelism.transport", "checkpoint.export", "lerning"], key =>
            Assert.Single(run.Errors, error => error.StartsWith($"actorring: {job}:", StringComparison.Ordinal) && error.Contains(key, StringComparison.Ordinal)));
        Assert.Equal(5, run.Errors.Length);
        AssertNothingWasMade();
    }

    private CommandRun Submit(string file = "never.conf") => CommandRun.Of("submit-training", _folder.At(file), "--state", _folder.State);

    private static bool Names(string error, string place, BadLine bad) =>
        error.Contains(place, StringComparison.Ordinal) && error.Contains(bad.Key, StringComparison.Ordinal) && error.Contains(bad.Value, StringComparison.Ordinal)
        && (error.Contains("allowed", StringComparison.Ordinal) || error.Contains("nearest is", StringComparison.Ordinal)); // of a key that does not exist

    private static bool IsSlip(CommandRun run) => run.ExitCode != 2 || run.Errors.Length == 0 || run.Errors.Any(error =>
        !error.StartsWith("actorring: ", StringComparison.Ordinal) || error.Any(char.IsControl) || error.Contains("--state", StringComparison.Ordinal)
        || Slips.Any(slip => error.Contains(slip, StringComparison.Ordinal)));

    private void AssertNothingWasMade() =>
        Assert.All(Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName), name => Assert.Contains(name, (string[])["text.txt", "never.conf", "job.conf"]));
}
