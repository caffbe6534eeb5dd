namespace ActorRing.Cluster.Specs.Cli;

/// <summary><c>verify</c> and <c>bench ring</c> on rank processes.</summary>
[Collection(OneConsole.Name)]
public class VerifyCommandSpec
{
    [Theory]
    [InlineData("--ranks", "0", "--ranks is '0', allowed are numbers from 1 to 32 by commas")]
    [InlineData("--modes", "zigzga", "nearest possible: zigzag")]
    [InlineData("--transport", "udp", "--transport is 'udp', allowed are shm and gloo")]
    public void Verify_must_refuse_what_cannot_be_in_one_line(string option, string value, string message)
    {
        var run = CommandRun.Of("verify", option, value);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public void Verify_must_refuse_more_ranks_than_heads_before_a_process_starts()
    {
        var run = CommandRun.Of("verify", "--modes", "ulysses", "--ranks", "16");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("nearest possible: hp = 8", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_must_find_rank_processes_equal_to_one_and_their_traffic_as_planned()
    {
        using var process = new ChildProcess("verify", "--ranks", "1,3", "--modes", "zigzag,lightseq,usp", "--quick", "--json");
        var run = process.End();

        Assert.Equal((0, "24 passed, 0 failed"), (run.ExitCode, run.Output.TrimEnd().Split('\n')[^1]));
        Assert.Contains("\"bytes_planned\"", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Bench_ring_must_report_every_field()
    {
        using var process = new ChildProcess("bench", "ring", "--ranks", "2", "--tokens", "512", "--heads", "2", "--kv-heads", "1", "--rounds", "1", "--json");
        var run = process.End();

        Assert.Equal(0, run.ExitCode);
        Assert.All(
            (string[])["mode", "ranks", "tokens", "ms_one_process", "ms_ring", "overhead", "overlap_fraction", "bytes"],
            field => Assert.Contains($"\"{field}\"", run.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void Bench_step_must_compare_ranks_with_one_rank_and_find_the_same_loss()
    {
        string[] shape = ["--tokens", "256", "--layers", "2", "--width", "128", "--heads", "4", "--kv-heads", "2", "--mlp-width", "96", "--vocabulary", "97"];
        using var process = new ChildProcess(["bench", "step", "--ranks", "2", "--rounds", "1", .. shape]);
        var run = process.End();

        Assert.Equal(0, run.ExitCode);
        using var report = System.Text.Json.JsonDocument.Parse(run.Output);
        Assert.InRange(report.RootElement.GetProperty("loss_difference").GetDouble(), 0, 1e-5);
        Assert.True(report.RootElement.GetProperty("bytes").GetInt64() > 0);
    }
}
