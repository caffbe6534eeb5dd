using System.Text.RegularExpressions;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Hosting.Hocon;
using ActorRing.Compute.Training.Guards;

namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>
/// Keys to records: every key of <c>hocon/reference.conf</c> is read here, once. What keys demand of each other is in <see cref="JobRules"/>.
/// </summary>
internal sealed partial class JobReader(HoconBinder binder, string fileName)
{
    private const int MaxTokens = 1 << 30;
    private const int MaxRanks = 1024;
    private const string NameAllowed = "letters, digits, '.', '_', '-', at most 64 of them, not starting with '.'";

    private static readonly string ModeAllowed = string.Join(", ", SequenceModes.Spellings);

    private readonly HoconSection root = binder.Root;

    public JobSettings Read()
    {
        var job = root.GetSection("job");
        var name = job.Has("name") || !IsName(fileName) ? job.GetString("name", NameAllowed, IsName) : job.GetString("name", orElse: fileName);
        var output = job.GetString("output", "the path of a folder", IsPath, orElse: $"runs/{name}");
        var compute = ReadCompute(root.GetSection("compute"));
        var training = ReadTraining(root.GetSection("training"));
        var optimizer = ReadOptimizer(root.GetSection("optimizer"));
        var stages = ReadStages();
        var model = ReadModel(root.GetSection("model"), stages);
        var recompute = root.GetSection("activation_checkpoint").GetEnum("mode", Spellings.Recompute);
        var guards = ReadGuards(root.GetSection("guards"));
        var parallelism = ReadParallelism(root.GetSection("parallelism"));
        var checkpoint = ReadCheckpoint(root.GetSection("checkpoint"), output);
        JobRules.Check(root, compute, model, parallelism, stages);
        return new JobSettings(name, output, model, compute, training, optimizer, recompute, guards, parallelism, checkpoint, stages);
    }

    private static ComputeSettings ReadCompute(HoconSection compute) => new(
        compute.GetEnum("device", Spellings.Device),
        compute.GetInt("threads", 0, 1024),
        compute.GetEnum("isa", Spellings.Isa),
        compute.GetEnum("dtype", Spellings.DType));

    private static TrainingSettings ReadTraining(HoconSection training) => new(
        training.GetDoubleOrOff("max_norm", 0, double.MaxValue, above: true),
        training.GetInt("log_every", 1, int.MaxValue));

    private static GuardOptions ReadGuards(HoconSection guards) => new(guards.GetEnum("non_finite", Spellings.NonFinite), guards.GetBool("verify_state"), guards.GetBool("verify_frames"), guards.GetInt("recompute_every", 0, int.MaxValue));

    private static ParallelismSettings ReadParallelism(HoconSection parallelism)
    {
        var ranks = parallelism.GetInt("ranks", 1, MaxRanks);
        return new ParallelismSettings(
            ranks,
            parallelism.GetInt("min_ranks", 1, MaxRanks, orElse: ranks),
            parallelism.GetString("mode", ModeAllowed, IsMode),
            parallelism.GetInt("data_parallel_degree", 0, MaxRanks),
            parallelism.GetInt("ulysses_degree", 0, MaxRanks),
            parallelism.GetString("ring_mode", ModeAllowed, IsMode),
            parallelism.GetInt("inner_window", 0, MaxRanks),
            parallelism.GetEnum("granularity", Spellings.Granularity),
            parallelism.GetEnum("transport", Spellings.Transport),
            parallelism.GetDuration("hop_deadline", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(24)));
    }

    private static CheckpointSettings ReadCheckpoint(HoconSection checkpoint, string output) => new(
        checkpoint.GetBool("export"),
        checkpoint.GetInt("interval", 1, 10_000),
        checkpoint.GetInt("keep_latest_k", 1, 1000),
        checkpoint.GetString("folder", "the path of a folder", IsPath, orElse: Path.Combine(output, "checkpoint")),
        checkpoint.GetBool("peer_replicas"));

    private static OptimizerSettings ReadOptimizer(HoconSection optimizer)
    {
        optimizer.GetString("name", "AdamW", name => name == "AdamW");
        return new OptimizerSettings(
            optimizer.GetDouble("beta1", 0, 0.999999),
            optimizer.GetDouble("beta2", 0, 0.999999),
            optimizer.GetDouble("eps", 0, 1, above: true),
            optimizer.GetDouble("weight_decay", 0, 10));
    }

    private StageSettings[] ReadStages()
    {
        var training = root.GetSection("training");
        var seqLen = training.GetInt("seq_len", 1, MaxTokens);
        var steps = training.GetInt("steps", 1, int.MaxValue);
        var batchSize = training.GetInt("batch_size", 1, 1 << 20);
        var accumulation = training.GetInt("gradient_accumulation", 1, 1 << 20);
        var seed = training.GetLong("seed", 0, long.MaxValue);
        var lr = root.GetSection("optimizer").GetDouble("lr", 0, 10);
        var scheduler = ReadScheduler(root.GetSection("lr_scheduler"), null);
        var data = ReadData(root.GetSection("data"), null);

        return [.. root.GetSections("stages", atLeastOne: true).Select((stage, i) => new StageSettings(
            stage.GetString("name", NameAllowed, IsName, orElse: $"stage-{i + 1}"),
            stage.GetInt("seq_len", 1, MaxTokens, orElse: seqLen),
            stage.GetOptionalDouble("rope_theta", 0, double.MaxValue, above: true),
            stage.GetInt("steps", 0, int.MaxValue, orElse: steps),
            stage.GetDouble("lr", 0, 10, orElse: lr),
            stage.GetInt("gradient_accumulation", 1, 1 << 20, orElse: accumulation),
            stage.GetInt("batch_size", 1, 1 << 20, orElse: batchSize),
            stage.GetLong("seed", 0, long.MaxValue, orElse: seed),
            ReadData(stage.GetSection("data"), data),
            ReadScheduler(stage.GetSection("lr_scheduler"), scheduler)))];
    }

    private static LrSchedulerSettings ReadScheduler(HoconSection scheduler, LrSchedulerSettings? orElse) => new(
        scheduler.GetEnum("name", Spellings.Schedule, orElse?.Name),
        scheduler.GetInt("warmup_steps", 0, int.MaxValue, orElse?.WarmupSteps),
        scheduler.GetDouble("min_ratio", 0, 1, orElse: orElse?.MinRatio));

    private static DataSettings ReadData(HoconSection data, DataSettings? orElse) => new(
        data.GetStrings("train", orElse: orElse?.Train ?? []),
        data.GetEnum("format", Spellings.Format, orElse?.Format),
        data.GetBool("document_mask", orElse?.DocumentMask),
        ToFlag(data.GetEnum("add_bos", Spellings.Special, orElse is null ? null : ToChoice(orElse.AddBos))),
        ToFlag(data.GetEnum("add_eos", Spellings.Special, orElse is null ? null : ToChoice(orElse.AddEos))));

    private static ModelSettings ReadModel(HoconSection model, StageSettings[] stages)
    {
        var path = model.Has("path") ? model.GetString("path", "the path of a folder", IsPath) : model.GetOptionalString("path");
        var tokenizer = model.GetOptionalString("tokenizer");
        var config = ReadConfig(model.GetSection("config"), isNeeded: path is null, stages);
        return new ModelSettings(path, path is null ? config : null, tokenizer);
    }

    private static NewModelSettings ReadConfig(HoconSection config, bool isNeeded, StageSettings[] stages)
    {
        // With a folder these stay empty; without one each is an error of its own line.
        int? unused = isNeeded ? null : 1;
        bool? unusedFlag = isNeeded ? null : false;
        var hidden = config.GetInt("hidden_size", 1, 1 << 20, unused);
        var heads = config.GetInt("num_attention_heads", 1, 1 << 16, unused);
        return new NewModelSettings(
            hidden,
            config.GetInt("intermediate_size", 1, 1 << 22, unused),
            config.GetInt("num_hidden_layers", 1, 4096, unused),
            heads,
            config.GetInt("num_key_value_heads", 1, 1 << 16, orElse: heads),
            config.GetInt("head_dim", 2, 256, orElse: Math.Max(1, hidden / heads)),
            config.GetInt("vocab_size", 1, 1 << 24, unused),
            config.GetDouble("rms_norm_eps", 0, 1, above: true, unused),
            config.GetDouble("rope_theta", 0, double.MaxValue, above: true, unused),
            config.GetBool("tie_word_embeddings", unusedFlag),
            config.GetBool("attention_bias", unusedFlag),
            config.GetBool("mlp_bias", unusedFlag),
            config.GetOptionalInt("sliding_window", 1, MaxTokens),
            config.GetInt("max_position_embeddings", 1, MaxTokens, orElse: stages.Select(stage => stage.SeqLen).DefaultIfEmpty(1).Max()),
            config.GetDouble("initializer_range", 0, 10, orElse: unused),
            config.GetLong("init_seed", 0, long.MaxValue, unused));
    }

    private static bool? ToFlag(Choice choice) => choice switch { Choice.Yes => true, Choice.No => false, _ => null };

    private static Choice ToChoice(bool? flag) => flag switch { true => Choice.Yes, false => Choice.No, null => Choice.Auto };

    private static bool IsMode(string mode)
    {
        try
        {
            SequenceModes.Parse(mode);
            return true;
        }
        catch (PlanException)
        {
            return false;
        }
    }

    private static bool IsPath(string path) => !path.Contains('\0', StringComparison.Ordinal);

    private static bool IsName(string name) => NamePattern().IsMatch(name);

    [GeneratedRegex(@"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex NamePattern();
}
