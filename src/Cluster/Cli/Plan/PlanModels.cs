using ActorRing.Actors.Plans.Cost;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Model.Config;

namespace ActorRing.Cluster.Cli.Plan;

/// <summary>The sizes of a model, and the job that it came with. No weight is read and nothing of the model is allocated.</summary>
internal sealed record PlanModels(string Name, ModelCost Model, JobSettings? Job)
{
    /// <summary>The longest stage of the job: the one that needs most.</summary>
    internal StageSettings? Stage => Job?.Stages.Where(stage => stage.Steps > 0).MaxBy(stage => (long)stage.SeqLen * stage.BatchSize);

    internal CostRecompute? Recompute => Job?.Recompute switch
    {
        null => null,
        RecomputeMode.None => CostRecompute.None,
        RecomputeMode.Full => CostRecompute.Full,
        _ => CostRecompute.SelectivePlusPlus,
    };

    /// <summary>From a preset, a Hugging Face config or a job.</summary>
    /// <exception cref="UsageException">None of them, more than one model, or an unknown name.</exception>
    internal static PlanModels Open(string? preset, string? model, string? job, IReadOnlyList<string> overrides)
    {
        if (preset is not null && model is not null)
        {
            throw new UsageException($"--preset '{preset}' beside --model '{model}'; allowed: one of them");
        }

        if (job is null && preset is null && model is null)
        {
            throw new UsageException("nothing to plan; allowed: a job file, --preset NAME or --model FOLDER, each with --gpus N");
        }

        var settings = job is null ? null : JobFile.Load(job, overrides);
        if (preset is not null)
        {
            return new PlanModels(preset, PresetOf(preset), settings);
        }

        if (model is not null)
        {
            return new PlanModels(model, CostOf(ConfigAt(model)), settings);
        }

        return new PlanModels(settings!.Name, CostOf(ConfigOf(settings.Model)), settings);
    }

    private static ModelCost PresetOf(string name)
    {
        var names = ModelPresets.All.Select(preset => preset.Name).ToList();
        return ModelPresets.All.FirstOrDefault(preset => preset.Name == name)?.Model
            ?? throw new UsageException($"--preset '{name}'; nearest is '{PlanArguments.Nearest(name, names)}'; allowed: {string.Join(", ", names)}");
    }

    private static LlamaConfig ConfigOf(ModelSettings settings)
    {
        if (settings.Path is not null)
        {
            return ConfigAt(settings.Path);
        }

        using var model = JobModel.Open(settings);
        return model.Config;
    }

    private static LlamaConfig ConfigAt(string path)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, "config.json") : path;
        return File.Exists(file) ? LlamaConfig.Read(file) : throw new FileNotFoundException($"{file}: no such file; allowed: a Hugging Face folder or its config.json");
    }

    private static ModelCost CostOf(LlamaConfig config)
    {
        var windowed = Enumerable.Range(0, config.NumHiddenLayers).Count(layer => config.WindowOf(layer) is not null);
        return new ModelCost(
            config.NumHiddenLayers, config.HiddenSize, config.NumAttentionHeads, config.NumKeyValueHeads, config.HeadDim, config.IntermediateSize, config.VocabSize,
            config.TieWordEmbeddings, windowed > 0 ? config.SlidingWindow!.Value : 0, windowed, config.AttentionBias, config.MlpBias);
    }
}
