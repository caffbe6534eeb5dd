using ActorRing.Actors.Ids;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;

namespace ActorRing.Compute.Training;

/// <summary>One optimiser update, from tokens to new weights. Read this first.</summary>
public sealed class TrainingStep(Parameters parameters, LlamaModel model, Gradients gradients, AdamW optimizer, IUpdateGroup group)
{
    /// <summary>Runs forward and backward over the micro-batches, then updates the weights once.</summary>
    /// <param name="step">Which update this is; named in errors.</param>
    /// <param name="microBatches">One or more, this rank's tokens of each; gradients are those of the mean loss over all labelled tokens of all ranks.</param>
    /// <param name="learningRate">Step size.</param>
    /// <exception cref="NonFiniteException">Loss or gradient is not finite; nothing was updated.</exception>
    /// <exception cref="ArgumentException">No token is labelled, or an id lies outside the vocabulary; nothing was updated.</exception>
    /// <remarks>Every rank of the group makes the same update from the same sums, bit for bit. FLOPs per token, forward and backward: <see cref="ModelDims.FlopsPerToken"/>.</remarks>
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

        group.Sum(gradients.Views.Flat);
        var loss = group.Sum(lossSum) / labelled;
        var gradientNorm = gradients.Norm();
        RequireFinite(step, loss, gradientNorm);

        optimizer.Update(gradients.Views, gradientNorm, learningRate);
        return new StepResult(loss, gradientNorm, learningRate, (long)model.Batch * model.Tokens * microBatches.Length);
    }

    private double CountLabels(ReadOnlySpan<Batch> microBatches)
    {
        var count = 0.0;
        foreach (var microBatch in microBatches)
        {
            count += microBatch.LabelledCount;
        }

        count = group.Sum(count);

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
            throw new NonFiniteException(step, "gradient of " + (gradients.FirstNonFinite() ?? parameters.Layout.Slots[0].Name), gradientNorm);
        }
    }
}
