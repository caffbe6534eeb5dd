namespace ActorRing.Actors.Plans.Cost;

/// <summary>A model that can be asked about without any file.</summary>
/// <param name="Name">As <c>--preset</c> spells it.</param>
/// <param name="Model">Its sizes, from the config.json that its authors publish.</param>
public sealed record ModelPreset(string Name, ModelCost Model);

/// <summary>The models that can be asked about without any file.</summary>
public static class ModelPresets
{
    /// <summary>meta-llama/Llama-2-7b-hf.</summary>
    public static ModelPreset Llama2With7B { get; } = new("llama-2-7b", new ModelCost(32, 4096, 32, 32, 128, 11008, 32000, Tied: false));

    /// <summary>meta-llama/Llama-2-13b-hf.</summary>
    public static ModelPreset Llama2With13B { get; } = new("llama-2-13b", new ModelCost(40, 5120, 40, 40, 128, 13824, 32000, Tied: false));

    /// <summary>meta-llama/Meta-Llama-3-8B.</summary>
    public static ModelPreset Llama3With8B { get; } = new("llama-3-8b", new ModelCost(32, 4096, 32, 8, 128, 14336, 128256, Tied: false));

    /// <summary>h2oai/h2o-danube2-1.8b-base.</summary>
    public static ModelPreset Danube2 { get; } = new("danube2-1.8b", new ModelCost(24, 2560, 32, 8, 80, 6912, 32000, Tied: false));

    /// <summary>Qwen/Qwen3-8B.</summary>
    public static ModelPreset Qwen3With8B { get; } = new("qwen3-8b", new ModelCost(36, 4096, 32, 8, 128, 12288, 151936, Tied: false, HeadNorms: true));

    /// <summary>All of them, in the order in which they are listed to people.</summary>
    public static IReadOnlyList<ModelPreset> All { get; } = new[] { Llama2With7B, Llama2With13B, Llama3With8B, Danube2, Qwen3With8B };
}
