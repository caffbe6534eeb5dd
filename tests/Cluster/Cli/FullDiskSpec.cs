namespace ActorRing.Cluster.Specs.Cli;

[Collection(OneConsole.Name)]
public class FullDiskSpec
{
    [TinyDiskTheory]
    [InlineData(4, 6, ".tokens.tmp-")]
    [InlineData(64, 2000, "metrics.jsonl")]
    [InlineData(64, 6, "model.safetensors.tmp-")]
    public void Train_must_name_the_file_and_leave_nothing_half_written_when_the_disk_is_full(int kibibytes, int steps, string file)
    {
        using var folder = new JobFolder();
        folder.WriteJob($"stages = [{{ seq_len = 32, steps = {steps} }}]");
        using var disk = new TinyDisk(folder.At("run"), kibibytes);

        var run = CommandRun.Of("train", folder.Job);

        Assert.Equal(1, run.ExitCode);
        var error = Assert.Single(run.Errors);
        Assert.Contains("No space left on device", error, StringComparison.Ordinal);
        Assert.Contains(file, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Model));
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

        var run = CommandRun.Of("train", folder.Job, "--overwrite");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("run/model: the model was not written: No space left on device", Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(weights));
        Assert.Equal(Array.Empty<string>(), folder.TemporaryNames());

        File.Delete(folder.At("run/ballast"));
        Assert.Equal(0, CommandRun.Of("train", folder.Job, "--overwrite", "--training.seed", "7").ExitCode);
        Assert.NotEqual(before, File.ReadAllBytes(weights));
        Assert.Equal(Array.Empty<string>(), folder.TemporaryNames());
    }
}
