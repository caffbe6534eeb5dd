namespace ActorRing.Compute.Training;

/// <summary>What one optimiser update reports.</summary>
/// <param name="Loss">Mean loss of the labelled tokens, nats.</param>
/// <param name="GradientNorm">Global norm before clipping.</param>
/// <param name="LearningRate">Step size used.</param>
/// <param name="Tokens">Tokens processed, labelled or not.</param>
public readonly record struct StepResult(double Loss, double GradientNorm, double LearningRate, long Tokens);
