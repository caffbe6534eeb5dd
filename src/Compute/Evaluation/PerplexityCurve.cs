namespace ActorRing.Compute.Evaluation;

/// <summary>Perplexity of one model over context lengths.</summary>
/// <param name="Model">Name or folder.</param>
/// <param name="Points">Lengths in tokens, growing, each with its perplexity; a length that was not measured is not in it.</param>
public sealed record PerplexityCurve(string Model, IReadOnlyList<PerplexityPoint> Points);

/// <summary>One length.</summary>
/// <param name="ContextLength">Tokens, at least 1.</param>
/// <param name="Perplexity">exp of the mean negative log-likelihood in nats; 1 or more, infinity where exp overflowed.</param>
public readonly record struct PerplexityPoint(long ContextLength, double Perplexity);
