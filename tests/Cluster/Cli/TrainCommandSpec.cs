using System.Text.Json;
using ActorRing.Compute.Checkpoints.HuggingFace;

namespace ActorRing.Cluster.Specs.Cli;

[Collection(OneConsole.Name)]
public class TrainCommandSpec
{
    [Fact]
    public void Train_must_run_every_stage_and_write_a_folder_that_loads()
    {
        using var folder = new JobFolder();

        var run = CommandRun.Of("train", folder.Job);

        Assert.Equal([], run.Errors);
        Assert.Equal(0, run.ExitCode);
        using var model = HfModelFolder.Open(folder.Model);
        Assert.Equal(50000, model.Config.Rope.Theta);
        Assert.Equal(48, model.Config.MaxPositionEmbeddings);
        var steps = File.ReadLines(folder.At("run/metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(Enumerable.Range(1, 9), steps.Select(step => step.GetProperty("step").GetInt32()));
        Assert.Equal(["first", "second"], steps.Select(step => step.GetProperty("stage").GetString()).Distinct());
        Assert.True(steps[^1].GetProperty("loss").GetDouble() < steps[0].GetProperty("loss").GetDouble() - 0.5);
    }

    [Fact]
    public void Train_must_give_the_same_bytes_twice()
    {
        using var folder = new JobFolder();

        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);
        var first = File.ReadAllBytes(Path.Combine(folder.Model, "model.safetensors"));
        Assert.Equal(0, CommandRun.Of("train", folder.Job, "--overwrite").ExitCode);

        Assert.Equal(first, File.ReadAllBytes(Path.Combine(folder.Model, "model.safetensors")));
    }

    [Fact]
    public void Train_must_go_on_from_a_folder_and_keep_untouched_weights_byte_equal()
    {
        using var folder = new JobFolder();
        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);
        File.WriteAllText(folder.At("again.conf"), $$"""
            job { name = again, output = "{{folder.At("again")}}" }
            model { path = "{{folder.Model}}", tokenizer = bytes }
            data.train = ["{{folder.At("text.txt")}}"]
            optimizer.weight_decay = 0
            stages = [ { seq_len = 16, steps = 1, lr = 0 } ]
            """);

        var run = CommandRun.Of("train", folder.At("again.conf"));

        Assert.Equal([], run.Errors);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder.Model, "model.safetensors")), File.ReadAllBytes(folder.At("again/model/model.safetensors")));
    }

    [Fact]
    public void A_stage_without_updates_must_raise_the_rotary_base_and_leave_every_weight()
    {
        using var folder = new JobFolder();
        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);
        File.WriteAllText(folder.At("raised.conf"), $$"""
            job { name = raised, output = "{{folder.At("raised")}}" }
            model { path = "{{folder.Model}}", tokenizer = bytes }
            data.train = ["{{folder.At("text.txt")}}"]
            optimizer.weight_decay = 0
            stages = [ { seq_len = 16, steps = 1, lr = 0 }, { seq_len = 96, steps = 0, rope_theta = 1e6 } ]
            """);

        var run = CommandRun.Of("train", folder.At("raised.conf"));

        Assert.Equal([], run.Errors);
        using var raised = HfModelFolder.Open(folder.At("raised/model"));
        Assert.Equal(1e6, raised.Config.Rope.Theta);
        Assert.Equal(96, raised.Config.MaxPositionEmbeddings);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder.Model, "model.safetensors")), File.ReadAllBytes(folder.At("raised/model/model.safetensors")));
    }

    [Fact]
    public void A_job_without_any_update_must_be_refused()
    {
        using var folder = new JobFolder();

        var run = CommandRun.Of("train", folder.Job, "--stages.0.steps", "0", "--stages.1.steps", "0");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("is 0 in every stage; allowed: 1 and above in one of them", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_must_print_mean_nll_perplexity_and_scored_tokens()
    {
        using var folder = new JobFolder();
        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);

        var run = CommandRun.Of("eval", "ppl", "--model", folder.Model, "--data", folder.At("text.txt"), "--json", "--seq-len", "40");

        Assert.Equal([], run.Errors);
        var found = JsonDocument.Parse(run.Output).RootElement;
        var tokens = new FileInfo(folder.At("text.txt")).Length + 2; // BOS and EOS
        Assert.Equal(tokens - 1, found.GetProperty("scored").GetInt64());
        Assert.Equal(Math.Exp(found.GetProperty("mean_nll").GetDouble()), found.GetProperty("perplexity").GetDouble(), 1e-9);
        Assert.InRange(found.GetProperty("perplexity").GetDouble(), 2, 200);
    }

    [Fact]
    public void Perplexity_of_a_uniform_model_must_be_its_vocabulary()
    {
        using var folder = new JobFolder();
        folder.WriteJob("model.config.initializer_range = 0\nstages = [ { seq_len = 8, steps = 1, lr = 0 } ]");
        Assert.Equal(0, CommandRun.Of("train", folder.Job).ExitCode);

        var run = CommandRun.Of("eval", "ppl", "--model", folder.Model, "--data", folder.At("text.txt"), "--json", "--seq-len", "64");

        Assert.Equal(260, JsonDocument.Parse(run.Output).RootElement.GetProperty("perplexity").GetDouble(), 1e-3);
    }
}
