using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Hosting.Hocon;
using ActorRing.Compute.Data;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>What keys demand of each other. Each rule reports one line and names the key to change.</summary>
internal static class JobRules
{
    // What a stage takes from elsewhere when it has no value of its own: the section and its keys, and where they lie in the stage.
    private static readonly (string Section, string[] Keys, bool IsSectionOfStage)[] Inherited =
    [
        ("training", ["seq_len", "steps", "batch_size", "gradient_accumulation", "seed"], false),
        ("optimizer", ["lr"], false),
        ("lr_scheduler", ["name", "warmup_steps", "min_ratio"], true),
        ("data", ["train", "format", "document_mask", "add_bos", "add_eos"], true),
    ];

    private static readonly string[] Shape = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "vocab_size"];

    public static void Check(HoconSection root, ComputeSettings compute, ModelSettings model, ParallelismSettings parallelism, IReadOnlyList<StageSettings> stages)
    {
        if (parallelism.MinRanks > parallelism.Ranks)
        {
            root.GetSection("parallelism").Fail("min_ranks", $"is {parallelism.MinRanks}; allowed: 1 to {parallelism.Ranks}, the ranks of the job");
        }

        CheckGranularity(root.GetSection("parallelism"), parallelism);
        CheckModel(root.GetSection("model"), model, stages);
        if (compute.Device != ComputeDevice.Cpu && compute.Isa != InstructionSet.Auto)
            root.GetSection("compute").Fail("isa", "chooses kernels of device cpu, and the device is another; allowed: auto");
        foreach (var (stage, section) in stages.Zip(root.GetSections("stages"))) CheckStage(section, stage, root);
        if (stages.Count > 0 && stages.All(stage => stage.Steps == 0))
        {
            root.GetSections("stages")[^1].Fail("steps", "is 0 in every stage; allowed: 1 and above in one of them");
        }

        foreach (var (section, keys, isSectionOfStage) in Inherited)
        {
            foreach (var key in keys) CheckReach(root, section, key, isSectionOfStage);
        }

        foreach (var twin in stages.Zip(root.GetSections("stages")).GroupBy(stage => stage.First.Name).Where(group => group.Count() > 1))
            twin.Last().Second.Fail("name", $"'{twin.Key}' is the name of {twin.Count()} stages; allowed: one of each");
    }

    // A grant per hop says that the ring's neighbour holds the block of that step. Elsewhere another rank sends it, or there are fewer steps than ring ranks. A
    // grant per layer only says that the neighbour has come to the layer, which every rank does in every mode.
    private static void CheckGranularity(HoconSection section, ParallelismSettings parallelism)
    {
        if (parallelism.Granularity != GrantGranularity.PerHop || ModeOf(parallelism.Mode) is not { } mode) return;
        if (mode == SequenceMode.Usp && ModeOf(parallelism.RingMode) is { } ring) mode = ring;
        if (mode is not (SequenceMode.Ring or SequenceMode.Zigzag or SequenceMode.Stripe))
            section.Fail("granularity", $"is 'per-hop' and the blocks of mode {mode.Spelling()} do not come from one neighbour; allowed: per-step, per-layer, or mode ring, zigzag or stripe");
    }

    // Null for a word that has been reported already.
    private static SequenceMode? ModeOf(string word)
    {
        try
        {
            return SequenceModes.Parse(word);
        }
        catch (Exception flaw) when (flaw is PlanException or ArgumentNullException)
        {
            return null;
        }
    }

    private static void CheckModel(HoconSection section, ModelSettings model, IReadOnlyList<StageSettings> stages)
    {
        var config = section.GetSection("config");
        if (model.Path is not null)
        {
            if (config.Keys.Where(config.IsGiven).ToList() is [var key, .. var others])
            {
                var more = others.Count == 0 ? "is" : $"and {others.Count} more keys of model.config are";
                config.Fail(key,
                    $"{more} set beside model.path; allowed: one of the two, because a given model brings its own (--model.config null takes them out)");
            }

            return;
        }

        if (!Shape.All(config.Has) || model.Config is not { } shape) return;
        if (!config.Has("head_dim") && shape.HiddenSize % shape.NumAttentionHeads != 0)
            config.Fail("num_attention_heads", $"is {shape.NumAttentionHeads}; allowed: a divisor of hidden_size {shape.HiddenSize}, or head_dim set");
        if (shape.NumAttentionHeads % shape.NumKeyValueHeads != 0)
            config.Fail("num_key_value_heads", $"is {shape.NumKeyValueHeads}; allowed: a divisor of num_attention_heads {shape.NumAttentionHeads}");
        if (shape.HeadDim % 2 != 0 || shape.HeadDim > 256) config.Fail("head_dim", $"is {shape.HeadDim}; allowed: an even number up to 256");
        var byteVocabulary = new ByteTokenizer().VocabularySize;
        if (model.Tokenizer == ModelSettings.ByteTokenizer && shape.VocabSize < byteVocabulary)
            config.Fail("vocab_size", $"is {shape.VocabSize}; allowed: {byteVocabulary} and above, for tokenizer bytes");
        if (stages.Count > 0 && stages.MaxBy(stage => stage.SeqLen) is { } longest && longest.SeqLen > shape.MaxPositionEmbeddings)
            config.Fail("max_position_embeddings",
                $"is {shape.MaxPositionEmbeddings}; allowed: {longest.SeqLen} and above, the seq_len of stage {longest.Name}");
    }

    // Whoever writes `--training.steps 20` means the run. A stage with steps of its own would go on for as long as before without a word.
    private static void CheckReach(HoconSection root, string sectionKey, string key, bool isSectionOfStage)
    {
        var section = root.GetSection(sectionKey);
        if (!section.IsArgument(key)) return;
        var unreached = root.GetSections("stages").Select((stage, i) => (Stage: isSectionOfStage ? stage.GetSection(sectionKey) : stage, Index: i))
            .Where(entry => entry.Stage.Has(key) && !entry.Stage.IsArgument(key))
            .Select(entry => isSectionOfStage ? $"--stages.{entry.Index}.{sectionKey}.{key}" : $"--stages.{entry.Index}.{key}").ToList();
        if (unreached.Count > 0)
            section.Fail(key, $"does not reach stages that set their own; allowed: {string.Join(" and ", unreached)}");
    }

    private static void CheckStage(HoconSection section, StageSettings stage, HoconSection root)
    {
        if (stage.Steps > 0 && stage.LrScheduler.WarmupSteps > stage.Steps)
        {
            Blame("lr_scheduler", "warmup_steps",
                $"is {stage.LrScheduler.WarmupSteps}; allowed: 0 to {stage.Steps}, the steps of stage {stage.Name}");
        }

        if (stage.Data.Train.Count == 0) Blame("data", "train", $"has no value for stage {stage.Name}; allowed: a path or a list of paths");
        if (stage.Data.Format == SourceFormat.Text && !root.GetSection("model").Has("tokenizer") && !root.GetSection("model").Has("path"))
            root.GetSection("model").Fail("tokenizer", $"has no value, and stage {stage.Name} reads text; allowed: bytes or the path of a tokenizer.json");
        if ((long)stage.SeqLen * stage.BatchSize > int.MaxValue)
            section.Fail("batch_size", $"is {stage.BatchSize}; allowed: at most {int.MaxValue / stage.SeqLen} rows of seq_len {stage.SeqLen}");

        // The line of the key that the value came from: the stage's own or the one that it inherits.
        void Blame(string sectionKey, string key, string message)
        {
            var own = section.GetSection(sectionKey);
            (own.Has(key) ? own : root.GetSection(sectionKey)).Fail(key, message);
        }
    }
}
