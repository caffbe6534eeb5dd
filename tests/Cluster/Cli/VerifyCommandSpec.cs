namespace ActorRing.Cluster.Specs.Cli;

/// <summary><c>verify</c> and <c>bench ring</c> on rank processes.</summary>
[Collection(OneConsole.Name)]
public class VerifyCommandSpec
{
    [Theory]
    [InlineData("--ranks", "0", "--ranks is '0', allowed are numbers from 1 to 32 by commas")]
    [InlineData("--modes", "zigzga", "nearest possible: zigzag")]
    [InlineData("--modes", "data_parallel", "mode is 'data_parallel', whose ranks share no sequence")]
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

    [Fact]
    public void Bench_throughput_must_find_the_loss_of_data_parallel_in_every_mode_that_fits()
    {
        // One KV head: ulysses and its like cannot share it between three ranks and are said to be left out.
        string[] shape = ["--lengths", "192", "--layers", "2", "--width", "96", "--heads", "3", "--kv-heads", "1", "--mlp-width", "96", "--vocabulary", "97"];
        using var process = new ChildProcess(["bench", "throughput", "--ranks", "3", "--rounds", "2", .. shape, "--json"]);
        var run = process.End();

        Assert.Equal(0, run.ExitCode);
        using var report = System.Text.Json.JsonDocument.Parse(run.Output);
        var rows = report.RootElement.GetProperty("rows").EnumerateArray().ToList();
        var refused = report.RootElement.GetProperty("refused").EnumerateArray().Select(line => line.GetString()).ToList();
        Assert.Equal("data_parallel", rows[0].GetProperty("mode").GetString());
        Assert.Equal((1, 1), (rows[0].GetProperty("ratio").GetDouble(), rows[0].GetProperty("cpu_ratio").GetDouble()));
        Assert.All(rows, row => Assert.True(row.GetProperty("cpu_ratio").GetDouble() > 0));
        Assert.Equal(9, rows.Count + refused.Count);
        Assert.Contains("zigzag", rows.Select(row => row.GetProperty("mode").GetString()));
        Assert.All(rows, row => Assert.InRange(row.GetProperty("loss_difference").GetDouble(), 0, 1e-6));
        Assert.All(rows, row => Assert.True(row.GetProperty("tokens_per_second").GetDouble() > 0));
        Assert.True(rows[1].GetProperty("bytes").GetInt64() > rows[0].GetProperty("bytes").GetInt64()); // keys and values on top of the gradients
    }

    [Theory]
    [InlineData("--threads", "2", "--ranks above 1 takes one --mode, --threads 1 and --device cpu")]
    [InlineData("--mode", "data_parallel", "mode is 'data_parallel', whose ranks share no sequence")]
    [InlineData("--heads", "32", "--width / --heads is 16, allowed are head sizes from 32 to 256 in steps of 8")]
    public void Bench_step_must_refuse_in_one_line_what_ranks_cannot_share(string option, string value, string message)
    {
        var run = CommandRun.Of("bench", "step", "--ranks", "2", option, value);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_must_end_its_ranks_and_leave_nothing_when_it_is_interrupted()
    {
        using var temporary = new JobFolder();
        using var verify = new ChildProcess(temporary, ["verify", "--ranks", "1,2"]);
        verify.AwaitLine("usp"); // those of one rank are printed, two are at work

        verify.Signal(ChildProcess.Sigint);
        var run = verify.End();

        Assert.Equal((130, "actorring: stopped"), (run.ExitCode, Assert.Single(run.Errors)));
        Assert.Empty(Directory.GetDirectories(temporary.Path, "actorring-*"));
        Assert.Empty(RankProcess.With(temporary.Path));
    }

    [Fact]
    public void Verify_must_say_how_a_rank_ended_and_end_the_others_when_one_is_killed()
    {
        using var temporary = new JobFolder();
        using var verify = new ChildProcess(temporary, ["verify", "--ranks", "1,3", "--modes", "ring,zigzag,stripe"]);
        verify.AwaitLine("stripe");

        var victim = SpinWait.SpinUntil(() => RankProcess.With(temporary.Path).Count == 3, TimeSpan.FromSeconds(30)) ? RankProcess.With(temporary.Path)[0] : throw new TimeoutException("three ranks did not come up");
        using (var process = System.Diagnostics.Process.GetProcessById(victim))
        {
            process.Kill();
        }

        var run = verify.End();
        Assert.Equal(1, run.ExitCode);
        Assert.Matches("^actorring: rank [0-2] of 3 ended: ", Assert.Single(run.Errors));
        Assert.Empty(Directory.GetDirectories(temporary.Path, "actorring-*"));
        Assert.Empty(RankProcess.With(temporary.Path));
    }

    [Fact]
    public void Ranks_must_end_when_the_process_that_started_them_is_killed()
    {
        using var temporary = new JobFolder();
        using (var verify = new ChildProcess(temporary, ["verify", "--ranks", "2"]))
        {
            Assert.True(SpinWait.SpinUntil(() => RankProcess.With(temporary.Path).Count == 2, TimeSpan.FromSeconds(30)), "two ranks did not come up");
        } // killed

        Assert.True(SpinWait.SpinUntil(() => RankProcess.With(temporary.Path).Count == 0, TimeSpan.FromSeconds(30)), "a rank outlived its parent");
    }
}
