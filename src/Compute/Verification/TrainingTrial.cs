using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Model;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Verification;

/// <summary>Fifty updates of a small model, whole: the losses and the first gradient of several ranks are compared with those of one.</summary>
public static class TrainingTrial
{
    /// <summary>Updates.</summary>
    public const int Steps = 50;

    private const double LearningRate = 1e-3;

    // Weights as large as those of a trained model. With 0.02 the gradients of q and k begin as rounding noise around zero, which AdamW scales up to full steps.
    private static readonly TrainingProblem Problem = new(
        new ModelDims
        {
            Layers = 2,
            Width = 64,
            Heads = 8,
            KvHeads = 4,
            HeadSize = 32,
            MlpWidth = 96,
            Vocabulary = 61,
            NormEpsilon = 1e-5,
            TiedEmbeddings = false,
        },
        ElementType.Float32, RecomputePolicy.SelectivePlusPlus, Rows: 2, Tokens: 97, WeightDeviation: 0.15);

    /// <summary>The plan of some ranks.</summary>
    /// <exception cref="PlanException">The mode cannot share the problem between so many.</exception>
    public static SequenceParallelPlan Plan(string mode, int ranks) => new PlanRequest
    {
        Mode = mode,
        Ranks = ranks,
        Tokens = Problem.Tokens,
        Batch = Problem.Rows,
        QueryHeads = Problem.Dims.Heads,
        KeyHeads = Problem.Dims.KvHeads,
        HeadSize = Problem.Dims.HeadSize,
        LayerWindows = [.. Enumerable.Repeat(0L, Problem.Dims.Layers)],
    }.Resolve();

    /// <summary>What one rank alone learns.</summary>
    public static TrainingCourse Alone(ComputeDevice device) => Train(device, ModelShare.AllPositions(Problem.Tokens), new LocalAttention(device), new SingleRank());

    /// <summary>What a rank sees of what all learn together.</summary>
    /// <param name="device">Computes.</param>
    /// <param name="plan">By <see cref="Plan"/>.</param>
    /// <param name="rank">Its place.</param>
    /// <param name="attention">Its attention by the plan.</param>
    /// <param name="group">All ranks.</param>
    public static TrainingCourse Together(ComputeDevice device, SequenceParallelPlan plan, SequenceRank rank, IAttentionStrategy attention, IUpdateGroup group) =>
        Train(device, ModelShare.PositionsOf(plan, rank), attention, group);

    /// <summary>Transfers and bytes that a rank's attention sends, and how many transfers it receives, by the schedule.</summary>
    public static (Traffic Sent, int Arrivals) Planned(SequenceParallelPlan plan, SequenceRank rank)
    {
        // An attention trial counts one layer, as often as it has passes.
        var layer = new AttentionTrial(plan, [.. Enumerable.Repeat<long[]?>(null, Problem.Rows)]);
        var times = Problem.Dims.Layers * Steps / AttentionTrial.Passes;
        var sent = layer.Planned(rank);
        return (new Traffic(times * sent.Bytes, times * sent.Hops), times * layer.PlannedArrivals(rank));
    }

    private static TrainingCourse Train(ComputeDevice device, int[] positions, IAttentionStrategy attention, IUpdateGroup group)
    {
        using var share = new ModelShare(device, Problem, positions, attention, group);
        var losses = new double[Steps];
        losses[0] = share.Step(0, LearningRate);
        var gradient = share.ReadGradients();
        for (var i = 1; i < Steps; i++)
        {
            losses[i] = share.Step(i, LearningRate);
        }

        // Losses that do not move would agree whatever the ranks do.
        return losses[^1] < losses[0] - 0.5
            ? new TrainingCourse(losses, gradient)
            : throw new InvalidOperationException($"nothing was learnt in {Steps} steps: loss {losses[0]:F3}, then {losses[^1]:F3}");
    }
}

/// <summary>What a course of training leaves to compare.</summary>
/// <param name="Losses">Of every update.</param>
/// <param name="FirstGradient">Of the first update, all parameters.</param>
public sealed record TrainingCourse(IReadOnlyList<double> Losses, float[] FirstGradient)
{
    /// <summary>Largest relative difference of a loss.</summary>
    public double LossError(TrainingCourse other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Losses.Zip(other.Losses).Max(pair => double.IsFinite(pair.Second) ? Math.Abs(pair.First - pair.Second) / pair.First : double.PositiveInfinity);
    }

    /// <summary>Largest difference of the first gradient, relative to its largest value.</summary>
    public double GradientError(TrainingCourse other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return AttentionResults.Error(FirstGradient, other.FirstGradient);
    }
}
