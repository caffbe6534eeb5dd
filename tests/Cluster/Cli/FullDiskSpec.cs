namespace ActorRing.Cluster.Specs.Cli;

[Collection(OneConsole.Name)]
public class FullDiskSpec
{
    [TinyDiskTheory]
    [InlineData(4)]
    public void Train_must_name_the_file_and_leave_nothing_half_written_when_its_tokens_do_not_fit(int kibibytes)
    {
        using var folder = new JobFolder();
        using var disk = new TinyDisk(folder.At("run"), kibibytes);

        var run = CommandRun.Of("train", folder.Job);

        Assert.Equal(1, run.ExitCode);
        var error = Assert.Single(run.Errors);
        Assert.Contains("No space left on device", error, StringComparison.Ordinal);
        Assert.Contains(".tokens.tmp-", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Model));
        Assert.Equal(Array.Empty<string>(), folder.TemporaryNames());
    }

    [TinyDiskTheory]
    [InlineData(64)]
    public void Train_must_wait_with_its_weights_until_there_is_room(int kibibytes)
    {
        using var folder = new JobFolder();
        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);
        var undisturbed = File.ReadAllBytes(folder.At("run/model/model.safetensors"));
        using var disk = new TinyDisk(folder.At("run"), kibibytes);
        using var train = new ChildProcess("train", folder.Job);
        train.AwaitLine($"{folder.Model}: the model is not written yet: No space left on device");
        Assert.Equal(Array.Empty<string>(), folder.TemporaryNames());
        Assert.False(Directory.Exists(folder.Model));

        disk.Resize(4096);
        var run = train.End();

        Assert.Equal(0, run.ExitCode);
        Assert.Empty(run.Errors);
        Assert.Contains($"wrote {folder.Model}", run.Output, StringComparison.Ordinal);
        Assert.Equal(undisturbed, File.ReadAllBytes(folder.At("run/model/model.safetensors")));
        Assert.Equal(Array.Empty<string>(), folder.TemporaryNames());
    }

    [TinyDiskTheory]
    [InlineData(64)]
    public void Train_must_lose_rows_of_metrics_and_no_update_when_the_disk_is_full_on_the_way(int kibibytes)
    {
        using var folder = new JobFolder();
        folder.WriteJob("stages = [{ seq_len = 32, steps = 2000 }]");
        using var disk = new TinyDisk(folder.At("run"), kibibytes);
        using var train = new ChildProcess("train", folder.Job);
        var lost = train.AwaitLine("No space left on device");
        Assert.Contains("metrics.jsonl", lost, StringComparison.Ordinal);
        train.AwaitLine("step: 2000  ");

        train.AwaitLine($"{folder.Model}: the model is not written yet");
        train.Signal(ChildProcess.Sigint);
        var run = train.End();

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("run/model: the model was not written: No space left on device", run.Errors[^1], StringComparison.Ordinal);
        Assert.Matches(@"metrics\.jsonl lacks \d{3,4} rows", run.Output);
        Assert.All(File.ReadAllLines(folder.At("run/metrics.jsonl")), row => Assert.StartsWith("{\"step\":", row, StringComparison.Ordinal));
        Assert.EndsWith("}\n", File.ReadAllText(folder.At("run/metrics.jsonl")), StringComparison.Ordinal);
        Assert.Equal(Array.Empty<string>(), folder.TemporaryNames());
    }

    [TinyDiskTheory]
    [InlineData(300)]
    public void Train_must_keep_the_old_model_when_there_is_no_room_for_the_one_that_replaces_it(int kibibytes)
    {
        using var folder = new JobFolder();
        using var disk = new TinyDisk(folder.At("run"), kibibytes);
        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);
        var weights = Path.Combine(folder.Model, "model.safetensors");
        var before = File.ReadAllBytes(weights);
        File.WriteAllBytes(folder.At("run/ballast"), new byte[100 << 10]);

        using var train = new ChildProcess("train", folder.Job, "--overwrite");
        train.AwaitLine($"{folder.Model}: the model is not written yet: No space left on device");
        train.Signal(ChildProcess.Sigint);
        var run = train.End();

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("run/model: the model was not written: No space left on device", run.Errors[^1], StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(weights));
        Assert.Equal(Array.Empty<string>(), folder.TemporaryNames());

        File.Delete(folder.At("run/ballast"));
        Assert.Equal(0, CommandRun.Of("train", folder.Job, "--overwrite", "--training.seed", "7").ExitCode);
        Assert.NotEqual(before, File.ReadAllBytes(weights));
        Assert.Equal(Array.Empty<string>(), folder.TemporaryNames());
    }
}
