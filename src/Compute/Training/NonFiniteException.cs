using ActorRing.Actors.Ids;

namespace ActorRing.Compute.Training;

/// <summary>A loss or gradient was NaN or infinite; the update was not made and the weights are those of the step before.</summary>
public sealed class NonFiniteException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="step">The update that was not made.</param>
    /// <param name="tensor">"loss", or the Hugging Face name of the parameter whose gradient it is.</param>
    /// <param name="value">What it was.</param>
    public NonFiniteException(TrainStep step, string tensor, double value)
        : base($"step {step.Index + 1}: {tensor} is {value}, must be finite; the update was not made")
    {
        Step = step;
        TensorName = tensor;
    }

    /// <summary>The update that was not made.</summary>
    public TrainStep Step { get; }

    /// <summary>"loss", or the parameter's name.</summary>
    public string TensorName { get; }
}
