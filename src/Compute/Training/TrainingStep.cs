using ActorRing.Actors.Ids;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Training.Guards;

namespace ActorRing.Compute.Training;

/// <summary>One optimiser update, from tokens to new weights. Read this first.</summary>
/// <param name="parameters">All weights; borrowed, as everything else.</param>
/// <param name="model">Of these weights.</param>
/// <param name="gradients">Of these weights.</param>
/// <param name="optimizer">Of the weights that this rank owns in the group.</param>
/// <param name="group">The ranks that make the update together.</param>
/// <param name="guard">Looks after what the update is computed with; null for nobody.</param>
public sealed class TrainingStep(Parameters parameters, LlamaModel model, Gradients gradients, AdamW optimizer, IUpdateGroup group, StateGuard? guard = null)
{
    private readonly IUpdateGroup _group = group.RequireOwner(parameters, optimizer);

    /// <summary>Runs forward and backward over the micro-batches, then updates the weights once.</summary>
    /// <param name="step">Which update this is; named in errors.</param>
    /// <param name="microBatches">One or more, this rank's tokens of each; gradients are those of the mean loss over all labelled tokens of all ranks.</param>
    /// <param name="learningRate">Step size.</param>
    /// <exception cref="NonFiniteException">Loss or gradient is not finite, on whatever rank: all ranks say the same, and nothing was updated.</exception>
    /// <exception cref="StateCorruptException">What this rank computed with changed in its memory; nothing was updated here, and no rank can end its update.</exception>
    /// <exception cref="ArgumentException">No token is labelled, or an id lies outside the vocabulary; nothing was updated.</exception>
    /// <remarks>Every rank updates the weights that it owns, and has all of the new weights afterwards, the same bits as every other.
    /// FLOPs per token, forward and backward: <see cref="ModelDims.FlopsPerToken"/>.</remarks>
    public StepResult Run(TrainStep step, ReadOnlySpan<Batch> microBatches, double learningRate)
    {
        // A mean of means would weigh tokens unequally: every token counts the same, whatever micro-batch and rank it is in.
        var labelled = CountLabels(microBatches);
        var lossSum = 0.0;
        gradients.Clear();

        foreach (var microBatch in microBatches)
        {
            model.Load(microBatch);
            model.Forward();
            lossSum += model.LossAndGradient(gradients.Views, gradientScale: 1.0 / labelled).Sum;
            model.Backward(gradients.Views);
        }

        _group.Reduce(gradients);
        var loss = _group.Sum(lossSum) / labelled;
        var gradientNorm = gradients.Norm(_group);
        guard?.Require(step);
        RequireFinite(step, loss, gradientNorm);

        optimizer.Update(gradients.Views, gradientNorm, learningRate);
        _group.Gather(parameters);
        guard?.Note();
        return new StepResult(loss, gradientNorm, learningRate, (long)model.Batch * model.Tokens * microBatches.Length);
    }

    /// <summary>Leaves an update out: it counts, and changes neither weights nor moments.</summary>
    public StepResult Skip(double learningRate)
    {
        optimizer.Skip();
        return StepResult.Skipped(learningRate);
    }

    private double CountLabels(ReadOnlySpan<Batch> microBatches)
    {
        var count = 0.0;
        foreach (var microBatch in microBatches)
        {
            count += microBatch.LabelledCount;
        }

        count = _group.Sum(count);

        return count > 0 ? count : throw new ArgumentException("no token of the step is labelled: there is nothing to learn from");
    }

    private void RequireFinite(TrainStep step, double loss, double gradientNorm)
    {
        if (!double.IsFinite(loss))
        {
            throw new NonFiniteException(step, "loss", loss);
        }

        if (!double.IsFinite(gradientNorm))
        {
            throw new NonFiniteException(step, "gradient of " + (gradients.FirstNonFinite(_group) ?? parameters.Layout.Slots[0].Name), gradientNorm);
        }
    }
}
