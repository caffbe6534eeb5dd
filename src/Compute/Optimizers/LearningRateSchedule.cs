namespace ActorRing.Compute.Optimizers;

/// <summary>Shape of the decay after warm-up.</summary>
public enum LearningRateDecay
{
    /// <summary>None.</summary>
    Constant,

    /// <summary>A straight line to the floor.</summary>
    Linear,

    /// <summary>Half a cosine to the floor.</summary>
    Cosine,
}

/// <summary>The learning rate of each update of one stage: a pure function of the step.</summary>
/// <param name="Peak">Learning rate after warm-up, above 0.</param>
/// <param name="Decay">Shape after warm-up.</param>
/// <param name="WarmupSteps">Updates that rise linearly; the first uses Peak / WarmupSteps. 0 for none.</param>
/// <param name="Steps">Updates in the stage; the last reaches the floor.</param>
/// <param name="MinRatio">Floor as a share of Peak, [0, 1].</param>
public sealed record LearningRateSchedule(double Peak, LearningRateDecay Decay, long WarmupSteps, long Steps, double MinRatio)
{
    /// <summary>Learning rate of update <paramref name="step"/> of the stage, counted from 0.</summary>
    public double At(long step)
    {
        if (step < WarmupSteps)
        {
            return Peak * (step + 1) / WarmupSteps;
        }

        var span = Math.Max(1, Steps - 1 - WarmupSteps);
        var progress = Math.Clamp((double)(step - WarmupSteps) / span, 0, 1);
        var share = Decay switch
        {
            LearningRateDecay.Linear => 1 - progress,
            LearningRateDecay.Cosine => (1 + Math.Cos(Math.PI * progress)) / 2,
            _ => 1,
        };
        return Peak * (MinRatio + ((1 - MinRatio) * share));
    }
}
