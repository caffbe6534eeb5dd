using System.Text.Json;
using ActorRing.Compute.Inference;

namespace ActorRing.Cluster.Cli.Generate;

/// <summary>What the ranks of one generation do; travels in a private file, because a prompt is nobody else's business and may be long.</summary>
/// <param name="Model">Hugging Face folder.</param>
/// <param name="RopeTheta">Another base of the rotary frequencies, or null.</param>
/// <param name="Threads">Of each rank.</param>
/// <param name="Mode">How ranks share the prompt.</param>
/// <param name="Prompt">Its ids.</param>
/// <param name="MaxNewTokens">At least 1.</param>
/// <param name="Sampling">How tokens are chosen.</param>
/// <param name="EndTokens">What ends the text.</param>
internal sealed record GenerateWork(
    string Model, double? RopeTheta, int Threads, string Mode, int[] Prompt, int MaxNewTokens, SamplingOptions Sampling, int[] EndTokens)
{
    /// <summary>What it takes memory for.</summary>
    internal InferenceCapacity Capacity => new(Prompt.Length, MaxNewTokens);

    internal void Write(string file) => File.WriteAllText(file, JsonSerializer.Serialize(this));

    internal static GenerateWork Read(string file) =>
        JsonSerializer.Deserialize<GenerateWork>(File.ReadAllText(file)) ?? throw new InvalidDataException($"{file}: nothing to do");

    /// <summary>Does it, on one rank alone or on each of several.</summary>
    internal GenerationResult Run(InferenceSeat? seat, Action? onPrefilled, Action<int>? onToken, CancellationToken stop)
    {
        using var model = new LoadedModel(Model, RopeTheta, Threads);
        using var inference = new InferenceModel(model.Parameters, model.Config, Capacity, seat);
        return Generation.Run(inference, Prompt, new(MaxNewTokens) { Sampling = Sampling, EndTokens = EndTokens }, onPrefilled, onToken, stop);
    }
}
