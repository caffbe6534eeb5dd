namespace ActorRing.Compute.Inference;

/// <summary>How the next token is chosen.</summary>
public sealed record SamplingOptions
{
    /// <summary>Logits are divided by it; 0 takes the most probable token. At least 0.</summary>
    public double Temperature { get; init; }

    /// <summary>Only this many of the most probable tokens are allowed; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the fewest most probable tokens whose probabilities add up to this are allowed, after <see cref="TopK"/>; in (0, 1].</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Where random choices start.</summary>
    public ulong RngSeed { get; init; }
}
