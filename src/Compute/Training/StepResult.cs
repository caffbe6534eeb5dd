namespace ActorRing.Compute.Training;

/// <summary>What one optimiser update reports.</summary>
/// <param name="Loss">Mean loss of the labelled tokens, nats.</param>
/// <param name="GradientNorm">Global norm before clipping.</param>
/// <param name="LearningRate">Step size used.</param>
/// <param name="Tokens">Tokens processed, labelled or not.</param>
public readonly record struct StepResult(double Loss, double GradientNorm, double LearningRate, long Tokens)
{
    /// <summary>Of an update that was left out: nothing was learnt from any token.</summary>
    public static StepResult Skipped(double learningRate) => new(double.NaN, double.NaN, learningRate, 0);
}
