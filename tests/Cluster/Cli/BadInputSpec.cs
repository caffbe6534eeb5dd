namespace ActorRing.Cluster.Specs.Cli;

[Collection(OneConsole.Name)]
public class BadInputSpec
{
    [Theory]
    [InlineData("training.stesp = 3", "training.stesp", "training.steps")]
    [InlineData("stages = [ { seq_len = 0, steps = 1 } ]", "seq_len", "0")]
    [InlineData("model.config.num_attention_heads = 3", "num_attention_heads", "3")]
    [InlineData("data.train = [\"nowhere.txt\"]", "nowhere.txt", "")]
    [InlineData("stages = [ { seq_len = 900000, steps = 1 } ]", "900001", "")]
    [InlineData("model.config.vocab_size = 100", "vocab_size", "258")]
    [InlineData("compute.isa = avx1024", "avx1024", "avx512")]
    [InlineData("model.config.head_dim = 30", "30", "32")]
    public void Train_must_refuse_a_wrong_job_in_one_line_and_write_no_model(string line, string named, string allowed)
    {
        using var folder = new JobFolder();
        folder.WriteJob(line);

        var run = CommandRun.Of("train", folder.Job);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(run.Errors, error => error.Contains(named, StringComparison.Ordinal) && error.Contains(allowed, StringComparison.Ordinal));
        Assert.False(Directory.Exists(folder.Model));
    }

    [Fact]
    public void Wrong_choice_must_be_refused_in_one_line_that_people_can_read()
    {
        var run = CommandRun.Of("bench", "guards", "--kinds", "soul");

        Assert.Equal(2, run.ExitCode);
        Assert.EndsWith("'soul' not recognized. Must be one of: 'weight' 'moment' 'copy' 'nan' 'inf' 'frame'", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--metrics-address is '0.0.0.0', which needs --metrics-port; allowed: both, or neither", "--metrics-address", "0.0.0.0")]
    [InlineData("--metrics-address is 'everywhere', allowed: an address of this machine, such as 0.0.0.0 for all of them", "--metrics-address", "everywhere", "--metrics-port", "0")]
    public void Metrics_must_be_served_where_they_can_be(string message, params string[] options)
    {
        var run = CommandRun.Of(["seed", "--state", Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), .. options]);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"actorring: {message}", Assert.Single(run.Errors));
    }

    [Theory]
    [InlineData("seed")]
    [InlineData("jobs", "list")]
    public void Unknown_engine_must_be_refused_with_those_that_there_are(params string[] command)
    {
        var run = CommandRun.Of([.. command, "--engine", "raft", "--state", Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())]);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("actorring: --engine is 'raft', allowed: auto, embedded, akka", Assert.Single(run.Errors));
    }

    [Theory]
    [InlineData("hostile")]
    [InlineData("overload")]
    [InlineData("partitions")]
    [InlineData("recovery")]
    [InlineData("control")]
    [InlineData("join")]
    public void Bench_must_refuse_an_engine_that_there_is_not(string bench)
    {
        var run = CommandRun.Of("bench", bench, "--engine", "raft");

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("actorring: --engine is 'raft', allowed: embedded, akka", Assert.Single(run.Errors));
    }

    [Fact]
    public void Train_must_refuse_to_replace_a_model_it_was_not_asked_to()
    {
        using var folder = new JobFolder();
        Directory.CreateDirectory(folder.Model);

        var run = CommandRun.Of("train", folder.Job);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--overwrite", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_must_refuse_a_truncated_model_naming_the_file()
    {
        using var folder = new JobFolder();
        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);
        var weights = Path.Combine(folder.Model, "model.safetensors");
        using (var stream = new FileStream(weights, FileMode.Open))
        {
            stream.SetLength(stream.Length - 4);
        }

        var run = CommandRun.Of("eval", "ppl", "--model", folder.Model, "--data", folder.At("text.txt"));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("model.safetensors", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_must_refuse_token_ids_beyond_the_vocabulary()
    {
        using var folder = new JobFolder();
        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);
        File.WriteAllText(folder.At("ids.jsonl"), """{"input_ids": [1, 2, 999, 4]}""");

        var run = CommandRun.Of("eval", "ppl", "--model", folder.Model, "--data", folder.At("ids.jsonl"));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("999", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train")]
    [InlineData("bench", "attention", "--dtype", "float16")]
    [InlineData("trian", "x.conf")]
    [InlineData("eval", "ppl", "--model", "nowhere", "--data", "x.txt")]
    [InlineData("train", "nowhere.conf")]
    [InlineData("bench", "attention", "--tokens", "-5")]
    [InlineData("bench", "attention", "--rounds", "0")]
    [InlineData("bench", "step", "--heads", "0")]
    [InlineData("bench", "step", "--heads", "3")]
    [InlineData("bench", "step", "--layers", "many")]
    [InlineData("bench", "step", "--dtype", "both")]
    [InlineData("bench", "throughput", "--lengths", "0")]
    [InlineData("bench", "throughput", "--ranks", "1")]
    [InlineData("bench", "throughput", "--modes", "data_parallel")]
    [InlineData("demo", "--out", "/proc/x")]
    [InlineData("bench", "goodput", "--every", "9")]
    [InlineData("bench", "goodput", "--updates", "50")]
    [InlineData("bench", "partitions", "--count", "0")]
    [InlineData("member", "--tensor-address", "0.0.0.0")]
    [InlineData("member", "--tensor-address", "192.0.2.1")]
    [InlineData("member", "--tensor-address", "here")]
    [InlineData("eval", "ppl", "--model", "nowhere", "--data", "x.txt", "--seq-len", "-5")]
    [InlineData("eval", "ppl", "--model", "nowhere", "--data", "x.txt", "--max-rows", "0")]
    [InlineData("eval", "ppl", "--model", "nowhere", "--data", "x.txt", "--threads", "100000")]
    public void Wrong_use_must_end_with_code_2_and_a_line(params string[] arguments)
    {
        var run = CommandRun.Of(arguments);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("actorring: ", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/dev/null/run")]
    [InlineData("/proc/run")]
    public void Train_must_refuse_an_output_that_cannot_be_a_folder_naming_the_key(string output)
    {
        using var folder = new JobFolder();

        var run = CommandRun.Of("train", folder.Job, "--job.output", output);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"actorring: job.output: {output}: ", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Train_must_refuse_a_stage_beyond_the_memory_of_the_machine_before_it_takes_any()
    {
        using var folder = new JobFolder();

        var run = CommandRun.Of("train", folder.Job, "--stages.1.seq_len", "1000000000");

        Assert.Equal(1, run.ExitCode);
        Assert.Matches("^actorring: stage second: .* planned: .*; allowed: up to .* GiB", Assert.Single(run.Errors));
        Assert.False(Directory.Exists(folder.At("run")));
    }
}
