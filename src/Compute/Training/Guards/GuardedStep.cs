using ActorRing.Actors.Ids;
using ActorRing.Compute.Data;

namespace ActorRing.Compute.Training.Guards;

/// <summary>One update by the rules of the job for what is not finite.</summary>
/// <param name="step">Makes it.</param>
/// <param name="policy">The rules.</param>
/// <param name="tell">Told in one line of what was not finite and what is done about it.</param>
public sealed class GuardedStep(TrainingStep step, NonFinitePolicy policy, Action<string> tell)
{
    /// <summary>As <see cref="TrainingStep.Run"/>.</summary>
    /// <exception cref="NonFiniteException">Loss or gradient is not finite, and the rules leave nothing else to do here. Nothing was updated.</exception>
    /// <exception cref="StateCorruptException">As <see cref="TrainingStep.Run"/>.</exception>
    public StepResult Run(TrainStep trainStep, ReadOnlySpan<Batch> microBatches, double learningRate)
    {
        try
        {
            return step.Run(trainStep, microBatches, learningRate);
        }
        catch (NonFiniteException first) when (policy != NonFinitePolicy.Stop)
        {
            tell($"{first.Message}: it is computed once more");
        }

        try
        {
            return step.Run(trainStep, microBatches, learningRate);
        }
        catch (NonFiniteException again) when (policy == NonFinitePolicy.Skip)
        {
            tell($"{again.Message}, a second time: it is left out");
            return step.Skip(learningRate);
        }
    }
}
