namespace ActorRing.Cluster.Cli.Evaluation;

/// <summary>Perplexity of one model at one length; travels as JSON where ranks find it.</summary>
/// <param name="Model">As it was named.</param>
/// <param name="Length">Tokens of context; 0 for rows of the command's own length.</param>
/// <param name="MeanNll">Nats a token.</param>
/// <param name="Perplexity">exp of it.</param>
/// <param name="Scored">Tokens scored.</param>
internal sealed record PerplexityRow(string Model, int Length, double MeanNll, double Perplexity, long Scored);
