namespace ActorRing.Compute.Inference;

/// <summary>What an <see cref="InferenceModel"/> takes memory for.</summary>
/// <param name="PromptTokens">Tokens of the longest prompt or scored sequence, all ranks together; at least 1.</param>
/// <param name="NewTokens">Most tokens decoded after it; 0 where nothing is decoded: then the keys of one layer are held at a time and not those of all.</param>
public sealed record InferenceCapacity(int PromptTokens, int NewTokens)
{
    /// <summary>Tokens that pass through a layer's projections and MLP at a time; bounds the workspace, changes no result beyond rounding. At least 1.</summary>
    public int ChunkTokens { get; init; } = 512;

    /// <summary>Positions at a document's start that stay visible outside a layer's window.</summary>
    public long Sink { get; init; }

    /// <summary>Prompt and new tokens.</summary>
    public int WholeTokens => checked(PromptTokens + NewTokens);
}
