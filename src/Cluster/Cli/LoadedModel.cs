using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Inference;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli;

/// <summary>A Hugging Face folder's weights on the CPU, float32, for evaluation.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly ComputeDevice _device;

    /// <param name="path">The folder.</param>
    /// <param name="ropeTheta">Another base of the rotary frequencies, or null.</param>
    /// <param name="threads">0 for all cores.</param>
    internal LoadedModel(string path, double? ropeTheta, int threads)
    {
        using var folder = HfModelFolder.Open(path);
        Config = ConfigOf(folder, ropeTheta);
        _device = NativeBackend.LoadCpu().Open(threads > 0 ? threads : Environment.ProcessorCount);
        Parameters = new Parameters(_device, ModelDims.Of(Config), ElementType.Float32);
        ModelWeights.Load(folder, Parameters);
    }

    internal LlamaConfig Config { get; }

    internal Parameters Parameters { get; }

    internal static LlamaConfig ConfigOf(HfModelFolder folder, double? ropeTheta) => ropeTheta is { } theta ? folder.Config.WithRopeTheta(theta) : folder.Config;

    /// <summary>Holds what some ranks on this machine need against what it has.</summary>
    /// <exception cref="InsufficientMemoryException">It does not fit.</exception>
    /// <exception cref="ActorRing.Actors.Plans.PlanException">The mode cannot share so long a sequence between so many.</exception>
    internal static void RequireRoom(LlamaConfig config, InferenceCapacity capacity, string mode, int ranks)
    {
        var dims = ModelDims.Of(config);
        var weights = new ParameterLayout(dims).Count * sizeof(float);
        var bytes = checked(ranks * (weights + InferenceModel.PlanBytes(dims, ElementType.Float32, capacity, ranks > 1 ? mode : null, ranks).Total));
        MachineMemory.Require($"{capacity.PromptTokens} tokens and {capacity.NewTokens} new ones on {ranks} rank{(ranks == 1 ? "" : "s")}", bytes, "length, ranks or model");
    }

    public void Dispose()
    {
        Parameters.Dispose();
        _device.Dispose();
    }
}
