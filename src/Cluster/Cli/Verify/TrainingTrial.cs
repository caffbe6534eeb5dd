using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Model;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Verify;

/// <summary>Fifty updates of a small model, whole: the losses and the first gradient of several ranks against those of one.</summary>
internal static class TrainingTrial
{
    internal const string Name = "50 training steps";
    private const int Steps = 50;
    private const int Rows = 2;
    private const int Tokens = 97;
    private const double LearningRate = 1e-3;

    // As large as those of a trained model. With 0.02 the gradients of q and k begin as rounding noise around zero, which AdamW scales up to full steps.
    private const double WeightDeviation = 0.15;

    private static readonly ModelDims Dims = new()
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
    };

    /// <summary>What a course of training leaves to compare.</summary>
    internal sealed record Course(double[] Losses, float[] FirstGradient);

    internal static Course Alone(ComputeDevice device)
    {
        using var share = new ModelShare(device, Dims, Rows, Tokens, [.. Enumerable.Range(0, Tokens)], new LocalAttention(device), new SingleRank(), WeightDeviation);
        return Train(share);
    }

    internal static VerifyRow Together(string mode, SequenceRank rank, int ranks, ComputeDevice device, SequenceLinks links, ICommunicator all, Course alone)
    {
        var plan = new PlanRequest
        {
            Mode = mode,
            Ranks = ranks,
            Tokens = Tokens,
            Batch = Rows,
            QueryHeads = Dims.Heads,
            KeyHeads = Dims.KvHeads,
            HeadSize = Dims.HeadSize,
            LayerWindows = [0, 0],
        }.Resolve();
        var before = VerifyRank.Sent(links);
        using var attention = new PlannedAttention(device, plan, rank, links);
        using var group = new CommunicatorGroup(device, all);
        using var share = new ModelShare(device, Dims, Rows, Tokens, ModelShare.PositionsOf(plan, rank), attention, group, WeightDeviation);
        var course = Train(share);
        var sent = VerifyRank.Sent(links);

        // A trial counts an attention of one layer, forward and backward, as often as it has passes; the model has layers and steps.
        var trial = new AttentionTrial(plan, [null, null]);
        var times = Dims.Layers * Steps / AttentionTrial.Passes;
        var planned = trial.Planned(rank);
        var lossError = alone.Losses.Zip(course.Losses).Max(pair => double.IsNaN(pair.Second) ? double.PositiveInfinity : Math.Abs(pair.First - pair.Second) / pair.First);
        return new VerifyRow(
            mode, ranks, plan.Layout.ToString().ToLowerInvariant(), Name, lossError, AttentionResults.Error(alone.FirstGradient, course.FirstGradient),
            sent.Bytes - before.Bytes, times * planned.Bytes, sent.Operations - before.Operations - (times * trial.PlannedArrivals(rank)), times * planned.Hops);
    }

    private static Course Train(ModelShare share)
    {
        var losses = new double[Steps];
        losses[0] = share.Step(0, LearningRate);
        var gradient = share.ReadGradients();
        for (var i = 1; i < Steps; i++)
        {
            losses[i] = share.Step(i, LearningRate);
        }

        return losses[^1] < losses[0] - 0.5 ? new Course(losses, gradient) : throw new InvalidOperationException($"nothing was learnt in {Steps} steps: loss {losses[0]:F3}, then {losses[^1]:F3}");
    }
}
