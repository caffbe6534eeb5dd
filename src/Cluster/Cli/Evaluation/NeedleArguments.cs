using System.Text.Json;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Evaluation.Needle;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Cluster.Cli.Evaluation;

/// <summary>A needle test as every rank process of it gets it.</summary>
/// <param name="Name">Of the model, in tables and pictures.</param>
/// <param name="Model">Hugging Face folder.</param>
/// <param name="Tokenizer">bytes or a tokenizer.json; null for the model's own.</param>
/// <param name="Haystack">Files, patterns, folders.</param>
/// <param name="RopeTheta">Another base of the rotary frequencies; null for the model's own.</param>
/// <param name="Mode">How ranks share a sequence.</param>
/// <param name="Threads">Threads of a rank that compute.</param>
/// <param name="Task">What is asked.</param>
/// <param name="IsFree">Whether the model also writes freely.</param>
/// <param name="Done">Cells that are there from an earlier run: length and depth.</param>
internal sealed record NeedleArguments(
    string Name, string Model, string? Tokenizer, IReadOnlyList<string> Haystack, double? RopeTheta, string Mode, int Threads, NeedleOptions Task, bool IsFree, IReadOnlyList<NeedlePlace> Done)
{
    internal string ToJson() => JsonSerializer.Serialize(this);

    internal static NeedleArguments Of(string json) => JsonSerializer.Deserialize<NeedleArguments>(json)!;

    /// <summary>The model's config with the rotary base asked for.</summary>
    internal LlamaConfig ConfigOf(HfModelFolder folder) => RopeTheta is { } theta ? folder.Config.WithRopeTheta(theta) : folder.Config;

    /// <exception cref="UsageException">The model has no tokenizer and none is given.</exception>
    internal ITokenizer OpenTokenizer() => JobModel.TokenizerOf(Tokenizer, Model).Tokenizer
        ?? throw new UsageException($"{Model}: no tokenizer.json; allowed: a folder with one, or --tokenizer");

    /// <summary>What makes cells comparable: everything but how the work is shared and what is done of it.</summary>
    internal object Identity => new { Model = Path.GetFullPath(Model), Tokenizer, Haystack, RopeTheta, Task.Samples, Task.Digits, Task.Distractors, Task.Seed, Task.City, IsFree };

    internal bool IsDone(int length, double depth) => Done.Contains(new NeedlePlace(length, depth));
}

/// <summary>A cell of the grid.</summary>
/// <param name="Length">Tokens of haystack.</param>
/// <param name="Depth">Per cent.</param>
internal sealed record NeedlePlace(int Length, double Depth);
