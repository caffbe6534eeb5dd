using ActorRing.Cluster.Hosting.Hocon;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Cluster.Specs.Hocon;
using ActorRing.Compute.Data;

namespace ActorRing.Cluster.Specs.Settings;

public sealed class JobSettingsSpec : IDisposable
{
    private const string Model = "model { tokenizer = bytes, config { hidden_size = 64, intermediate_size = 96, num_hidden_layers = 2, num_attention_heads "
        + "= 4, vocab_size = 258 } }\n";
    private const string Data = "data.train = \"a.txt\"\n";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_short_job_must_take_everything_else_from_the_reference()
    {
        var job = Load(Model + Data);
        Assert.Equal("job", job.Name);
        Assert.Equal("runs/job", job.Output);
        Assert.Equal(new ComputeSettings(ComputeDevice.Cpu, 0, InstructionSet.Auto, ComputeType.Fp32), job.Compute);
        Assert.Equal(new TrainingSettings(1.0, 1), job.Training);
        Assert.Equal(new OptimizerSettings(0.9, 0.95, 1e-8, 0.1), job.Optimizer);
        Assert.Equal(RecomputeMode.SelectivePlusPlus, job.Recompute);
        Assert.True(job.Checkpoint.Export);
        Assert.Equal(new NewModelSettings(64, 96, 2, 4, 4, 16, 258, 1e-5, 10000, false, false, false, null, 2048, 0.02, 1), job.Model.Config);
        Assert.Null(job.Model.Path);
        Assert.Equal(ModelSettings.ByteTokenizer, job.Model.Tokenizer);
        var stage = Assert.Single(job.Stages);
        Assert.Equal(["a.txt"], stage.Data.Train);
        Assert.Equal(new DataSettings(stage.Data.Train, SourceFormat.Auto, true, null, null), stage.Data);
        Assert.Equal(new StageSettings("stage-1", 2048, null, 1000, 3e-4, 1, 1, 1, stage.Data, new LrSchedulerSettings(LrSchedule.Cosine, 0, 0.1)), stage);
    }

    [Fact]
    public void A_stage_must_inherit_what_it_leaves_out_and_keep_what_it_sets()
    {
        var job = Load(Model + """
            training { seq_len = 4Ki, steps = 7, batch_size = 2, gradient_accumulation = 3, seed = 9, max_norm = off }
            optimizer.lr = 1e-3
            lr_scheduler { name = linear, warmup_steps = 2 }
            data { train = [a.txt, b.jsonl], format = text, add_eos = true, document_mask = false }
            stages = [
              { name = short, seq_len = 1k }
              { rope_theta = 1e6, steps = 5, lr = 2e-4, gradient_accumulation = 1, batch_size = 1, seed = 10
                data { train = c.jsonl, format = jsonl, document_mask = true, add_bos = false, add_eos = auto }
                lr_scheduler { name = constant, warmup_steps = 0, min_ratio = 1 } }
            ]
            """);
        Assert.Null(job.Training.MaxNorm);
        Assert.Equal(4096, job.Model.Config!.MaxPositionEmbeddings);
        var (first, second) = (job.Stages[0], job.Stages[1]);
        Assert.Equal(new StageSettings("short", 1024, null, 7, 1e-3, 3, 2, 9, first.Data, new LrSchedulerSettings(LrSchedule.Linear, 2, 0.1)), first);
        Assert.Equal(["a.txt", "b.jsonl"], first.Data.Train);
        Assert.Equal(new DataSettings(first.Data.Train, SourceFormat.Text, false, null, true), first.Data);
        Assert.Equal(new StageSettings("stage-2", 4096, 1e6, 5, 2e-4, 1, 1, 10, second.Data, new LrSchedulerSettings(LrSchedule.Constant, 0, 1)), second);
        Assert.Equal(["c.jsonl"], second.Data.Train);
        Assert.Equal(new DataSettings(second.Data.Train, SourceFormat.JsonLines, true, false, null), second.Data);
    }

    [Fact]
    public void Arguments_must_win_over_the_job_when_both_set_a_key()
    {
        var job = Load(Model + Data + "training.steps = 5", "--training.steps", "200", "--optimizer.lr=-0", "--data.train", "[\"x/*.txt\", y.txt]",
            "--job.name", "other");
        Assert.Equal(200, job.Stages[0].Steps);
        Assert.Equal(0, job.Stages[0].Lr);
        Assert.Equal(["x/*.txt", "y.txt"], job.Stages[0].Data.Train);
        Assert.Equal("runs/other", job.Output);
        Assert.Equal(3, Load(Model + Data + "stages = [{ steps = 1 }]", "--stages.0.steps", "3").Stages[0].Steps);
    }

    [Theory]
    [InlineData("steps = 5", "--training.steps", "--stages.1.steps")]
    [InlineData("seq_len = 16", "--training.seq_len", "--stages.1.seq_len")]
    [InlineData("batch_size = 5", "--training.batch_size", "--stages.1.batch_size")]
    [InlineData("gradient_accumulation = 5", "--training.gradient_accumulation", "--stages.1.gradient_accumulation")]
    [InlineData("seed = 5", "--training.seed", "--stages.1.seed")]
    [InlineData("lr = 0.5", "--optimizer.lr", "--stages.1.lr")]
    [InlineData("lr_scheduler.min_ratio = 0.5", "--lr_scheduler.min_ratio", "--stages.1.lr_scheduler.min_ratio")]
    [InlineData("lr_scheduler.warmup_steps = 0", "--lr_scheduler.warmup_steps", "--stages.1.lr_scheduler.warmup_steps")]
    public void An_argument_must_be_refused_when_a_stage_sets_its_own_and_would_not_hear_of_it(string own, string argument, string named)
    {
        var file = Model + Data + $"stages = [{{ name = first }}, {{ {own} }}]";
        var error = Assert.Single(Assert.Throws<HoconException>(() => Load(file, argument, "1")).Errors);
        Assert.Equal($"{argument}: {argument[2..]} does not reach stages that set their own; allowed: {named}", error);
        Load(file, argument, "1", named, "1");
        Load(Model + Data + "stages = [{ name = first }, { name = second }]", argument, "1");
    }

    [Fact]
    public void An_argument_must_name_every_stage_that_it_does_not_reach()
    {
        var file = Model + "stages = [{ data.train = x.txt, steps = 3 }, { steps = 5, data.train = y.txt }, { data.train = null }]";
        var errors = Assert.Throws<HoconException>(() => Load(file, "--training.steps=9", "--data.train", "z.txt")).Errors;
        Assert.Equal(
            ["--training.steps: training.steps does not reach stages that set their own; allowed: --stages.0.steps and --stages.1.steps",
                "--data.train: data.train does not reach stages that set their own; allowed: --stages.0.data.train and --stages.1.data.train"], errors);
        var job = Load(file, "--training.steps=9", "--stages.0.steps", "null", "--stages.1.steps", "null", "--stages.2.data.train", "z.txt");
        Assert.Equal([9, 9, 9], job.Stages.Select(stage => stage.Steps));
    }

    [Fact]
    public void A_model_folder_must_stand_in_for_a_shape_when_it_is_given()
    {
        var job = Load(Data + "model.path = /models/llama");
        Assert.Equal(new ModelSettings("/models/llama", null, null), job.Model);
        Assert.Equal(new ModelSettings("/models/llama", null, "bytes"), Load(Model + Data, "--model.path", "/models/llama", "--model.config", "null").Model);
    }

    [Fact]
    public void The_tiny_job_must_load_and_take_its_text_from_the_environment_when_it_is_named()
    {
        var tiny = RepositoryFiles.Path("hocon/jobs/tiny.conf");
        var reference = RepositoryFiles.Path("hocon/reference.conf");
        var job = JobSettings.Load(tiny, reference, [], _ => null);
        Assert.Equal("runs/tiny", job.Output);
        Assert.Equal([(256, (double?)null), (512, 40000)], job.Stages.Select(stage => (stage.SeqLen, stage.RopeTheta)));
        Assert.All(job.Stages, stage => Assert.Equal(["artifacts/data/kjv/*.txt"], stage.Data.Train));
        Assert.InRange(Parameters(job.Model.Config!), 800_000, 2_000_000);
        var other = JobSettings.Load(tiny, reference, [], name => name == "ACTORRING_TEXT" ? "/books/mine.txt" : null);
        Assert.All(other.Stages, stage => Assert.Equal(["/books/mine.txt"], stage.Data.Train));
    }

    [Theory]
    [InlineData("", "job.conf: data.train has no value for stage stage-1; allowed: a path or a list of paths")]
    [InlineData("data.train = [a.txt, 5, {}]", "job.conf:2: data.train holds an object; allowed: a list of texts", false)]
    [InlineData(Data + "training.stesp = 5", "job.conf:3: unknown key 'training.stesp'; nearest is 'training.steps'")]
    [InlineData(Data + "training.steps = 0", "job.conf:3: training.steps is '0'; allowed: a whole number from 1 to 2147483647")]
    [InlineData(Data + "training.steps = 1.5", "job.conf:3: training.steps is '1.5'; allowed: a whole number from 1 to 2147483647")]
    [InlineData(Data + "training.max_norm = 0", "job.conf:3: training.max_norm is '0'; allowed: a number above 0, or off")]
    [InlineData(Data + "optimizer.name = Adam", "job.conf:3: optimizer.name is 'Adam'; allowed: AdamW")]
    [InlineData(Data + "optimizer.beta1 = 1", "job.conf:3: optimizer.beta1 is '1'; allowed: a number from 0 to 0.999999")]
    [InlineData(Data + "optimizer.lr = 3e-4x", "job.conf:3: optimizer.lr is '3e-4x'; allowed: a number from 0 to 10")]
    [InlineData(Data + "lr_scheduler.name = cos", "job.conf:3: lr_scheduler.name is 'cos'; allowed: constant, linear, cosine")]
    [InlineData(Data + "activation_checkpoint.mode = selective", "job.conf:3: activation_checkpoint.mode is 'selective'; allowed: none, full, selective++")]
    [InlineData(Data + "compute.device = gpu", "job.conf:3: compute.device is 'gpu'; allowed: cpu, torch, cuda")]
    [InlineData(Data + "compute { device = torch, isa = avx2 }",
        "job.conf:3: compute.isa chooses kernels of device cpu, and the device is another; allowed: auto")]
    [InlineData(Data + "compute.dtype = float16", "job.conf:3: compute.dtype is 'float16'; allowed: float32, bfloat16")]
    [InlineData(Data + "job.name = \"../x\"", "job.conf:3: job.name is '../x'; allowed: letters, digits, '.', '_', '-', at most 64 of them, not starting "
        + "with '.'")]
    [InlineData(Data + "stages = []", "job.conf:3: stages is empty; allowed: a list of at least one object")]
    [InlineData(Data + "stages = null", "job.conf:3: stages is empty; allowed: a list of at least one object")]
    [InlineData(Data + "stages { steps = 5 }", "job.conf:3: stages is an object; allowed: a list of objects")]
    [InlineData(Data + "stages = [{ stepz = 5 }]", "job.conf:3: unknown key 'stages[0].stepz'; nearest is 'stages[].steps'")]
    [InlineData(Data + "stages = [{ name = a }, { name = a }]", "job.conf:3: stages[1].name 'a' is the name of 2 stages; allowed: one of each")]
    [InlineData(Data + "stages = [{ steps = 5, lr_scheduler.warmup_steps = 6 }]",
        "job.conf:3: stages[0].lr_scheduler.warmup_steps is 6; allowed: 0 to 5, the steps of stage stage-1")]
    [InlineData(Data + "lr_scheduler.warmup_steps = 6, stages = [{ steps = 5 }]",
        "job.conf:3: lr_scheduler.warmup_steps is 6; allowed: 0 to 5, the steps of stage stage-1")]
    [InlineData(Data + "stages = [{ seq_len = 1M, batch_size = 4096 }]",
        "job.conf:3: stages[0].batch_size is 4096; allowed: at most 2047 rows of seq_len 1048576")]
    [InlineData(Data + "model.path = x", "job.conf:1: model.config.hidden_size and 4 more keys of model.config are set beside model.path; allowed: one of "
        + "the two, because a given model brings its own (--model.config null takes them out)")]
    [InlineData(Data + "model.config.num_attention_heads = 5",
        "job.conf:3: model.config.num_attention_heads is 5; allowed: a divisor of hidden_size 64, or head_dim set")]
    [InlineData(Data + "model.config.num_key_value_heads = 3",
        "job.conf:3: model.config.num_key_value_heads is 3; allowed: a divisor of num_attention_heads 4")]
    [InlineData(Data + "model.config.head_dim = 15", "job.conf:3: model.config.head_dim is 15; allowed: an even number up to 256")]
    [InlineData(Data + "model.config.head_dim = 1024", "job.conf:3: model.config.head_dim is '1024'; allowed: a whole number from 2 to 256")]
    [InlineData(Data + "model.config.hidden_size = 4096", "job.conf: model.config.head_dim is 1024; allowed: an even number up to 256")]
    [InlineData(Data + "model.config.vocab_size = 257", "job.conf:3: model.config.vocab_size is 257; allowed: 258 and above, for tokenizer bytes")]
    [InlineData(Data + "model.config.vocab_size = null", "job.conf:3: model.config.vocab_size has no value; allowed: a whole number from 1 to 16777216")]
    [InlineData(Data + "model.config.max_position_embeddings = 1024",
        "job.conf:3: model.config.max_position_embeddings is 1024; allowed: 2048 and above, the seq_len of stage stage-1")]
    [InlineData(Data + "model.tokenizer = null, data.format = text",
        "job.conf:3: model.tokenizer has no value, and stage stage-1 reads text; allowed: bytes or the path of a tokenizer.json")]
    [InlineData(Data + "data.add_bos = maybe", "job.conf:3: data.add_bos is 'maybe'; allowed: true, false, auto")]
    [InlineData(Data + "data.format = parquet", "job.conf:3: data.format is 'parquet'; allowed: auto, text, jsonl, tokens")]
    public void A_job_must_be_refused_in_one_line_when_a_value_is_wrong(string text, string error, bool alone = true)
    {
        var errors = Errors(Model + text);
        Assert.Equal(error, alone ? Assert.Single(errors) : errors[0]);
    }

    [Fact]
    public void A_new_model_must_have_its_whole_shape_when_no_folder_is_given() =>
        Assert.Equal(
            [
                "job.conf: model.config.hidden_size has no value; allowed: a whole number from 1 to 1048576",
                "job.conf: model.config.num_attention_heads has no value; allowed: a whole number from 1 to 65536",
                "job.conf: model.config.intermediate_size has no value; allowed: a whole number from 1 to 4194304",
                "job.conf: model.config.num_hidden_layers has no value; allowed: a whole number from 1 to 4096",
                "job.conf: model.config.vocab_size has no value; allowed: a whole number from 1 to 16777216",
            ],
            Errors(Data));

    [Fact]
    public void Every_mistake_must_be_named_at_once_when_there_are_several() =>
        Assert.Equal(
            [
                "job.conf:4: compute.threads is '-1'; allowed: a whole number from 0 to 1024",
                "job.conf:3: training.log_every is 'often'; allowed: a whole number from 1 to 2147483647",
                "--training.stesp: unknown key 'training.stesp'; nearest is 'training.steps'",
            ],
            Errors(Model + Data + "training.log_every = often\ncompute.threads = -1", "--training.stesp", "5"));

    [Theory]
    [InlineData("'training.steps' is not a setting; allowed: --KEY VALUE, such as --training.steps 200", "training.steps", "5")]
    [InlineData("--training.steps: has no value; allowed: --KEY VALUE, such as --training.steps 200", "--training.steps")]
    [InlineData("--training.steps: has no value; allowed: --KEY VALUE, such as --training.steps 200", "--training.steps", "--training.seed", "1")]
    [InlineData("'--' is not a setting; allowed: --KEY VALUE, such as --training.steps 200", "--", "1")]
    [InlineData("--training.steps: training.steps is 'many'; allowed: a whole number from 1 to 2147483647", "--training.steps", "many")]
    public void An_argument_must_be_refused_in_one_line_when_it_is_wrong(string error, params string[] arguments) =>
        Assert.Equal(error, Assert.Single(Errors(Model + Data, arguments)));

    [Theory]
    [InlineData("lightseq", "lightseq")]
    [InlineData("double-ring", "double-ring")]
    [InlineData("usp, ring_mode = all-gather", "all-gather")]
    public void Grants_per_hop_must_be_refused_when_blocks_do_not_come_from_one_neighbour(string mode, string named) => Assert.Contains(
        $"parallelism.granularity is 'per-hop' and the blocks of mode {named} do not come from one neighbour; allowed: per-step, per-layer, or mode ring, zigzag or stripe",
        Assert.Single(Errors(Model + Data + $"parallelism {{ ranks = 4, mode = {mode}, granularity = per-hop }}")), StringComparison.Ordinal);

    [Theory]
    [InlineData("zigzag", "per-hop")]
    [InlineData("usp", "per-hop")]
    [InlineData("lightseq", "per-layer")]
    public void Grants_must_be_as_fine_as_the_mode_has_room_for(string mode, string granularity) =>
        Load(Model + Data + $"parallelism {{ ranks = 4, mode = {mode}, granularity = {granularity} }}");

    [Fact]
    public void A_file_whose_name_cannot_name_a_job_must_be_refused_when_the_job_has_no_name()
    {
        var path = folder.Write("my job.conf", Model + Data);
        var error = Assert.Throws<HoconException>(() => JobSettings.Load(path, RepositoryFiles.Path("hocon/reference.conf"), [], _ => null));
        Assert.Equal($"{path}: job.name has no value; allowed: letters, digits, '.', '_', '-', at most 64 of them, not starting with '.'", error.Message);
    }

    private static long Parameters(NewModelSettings m)
    {
        var attention = 2L * m.HiddenSize * m.HeadDim * (m.NumAttentionHeads + m.NumKeyValueHeads);
        var layer = attention + (3L * m.HiddenSize * m.IntermediateSize) + (2L * m.HiddenSize);
        return (m.NumHiddenLayers * layer) + ((long)m.VocabSize * m.HiddenSize * (m.TieWordEmbeddings ? 1 : 2)) + m.HiddenSize;
    }

    private JobSettings Load(string text, params string[] arguments) =>
        JobSettings.Load(folder.Write("job.conf", text), RepositoryFiles.Path("hocon/reference.conf"), arguments, _ => null);

    private IEnumerable<string> Lines(string text, string[] arguments) =>
        Assert.Throws<HoconException>(() => Load(text, arguments)).Errors.Select(
            line => line.Replace(folder.Path + Path.DirectorySeparatorChar, "", StringComparison.Ordinal));

    private List<string> Errors(string text, params string[] arguments) => [.. Lines(text, arguments)];
}
