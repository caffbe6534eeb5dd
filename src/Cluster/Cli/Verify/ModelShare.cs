using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Verify;

/// <summary>One rank's share of a model that learns random tokens: the same weights on every rank, the tokens at its positions.</summary>
internal sealed class ModelShare : IDisposable
{
    private readonly Parameters _parameters;
    private readonly Gradients _gradients;
    private readonly AdamW _optimizer;
    private readonly LlamaModel _model;
    private readonly TrainingStep _step;
    private readonly Batch[] _batch;

    /// <summary>Weights and tokens are the same for every group that shares them.</summary>
    /// <param name="device">Computes; borrowed.</param>
    /// <param name="dims">Shapes; float32, rotary base 10,000.</param>
    /// <param name="rows">B.</param>
    /// <param name="tokens">S, of the whole sequence.</param>
    /// <param name="positions">Where this rank's tokens stand.</param>
    /// <param name="attention">How they attend; borrowed.</param>
    /// <param name="group">Who makes the update; borrowed.</param>
    /// <param name="weightDeviation">Of the random weights.</param>
    internal ModelShare(ComputeDevice device, ModelDims dims, int rows, int tokens, int[] positions, IAttentionStrategy attention, IUpdateGroup group, double weightDeviation = 0.02)
    {
        _parameters = new Parameters(device, dims, ElementType.Float32);
        Initialization.Fill(_parameters, seed: 1, standardDeviation: weightDeviation);
        _gradients = new Gradients(_parameters);
        _optimizer = new AdamW(_parameters, new AdamWOptions());
        _model = new LlamaModel(_parameters, attention, RecomputePolicy.SelectivePlusPlus, rows, positions.Length);
        SetRotary(dims.HeadSize, positions);
        var share = new Batch(rows, positions, tokens);
        share.TakeFrom(RandomTokens(dims.Vocabulary, rows, tokens));
        _batch = [share];
        _step = new TrainingStep(_parameters, _model, _gradients, _optimizer, group);
    }

    /// <summary>Where a rank's tokens stand in the sequence of a plan.</summary>
    internal static int[] PositionsOf(SequenceParallelPlan plan, SequenceRank rank)
    {
        var layout = plan.SequenceLayout();
        return [.. Enumerable.Range(0, (int)layout.Count(rank.Index)).Select(row => (int)layout.PositionOf(rank.Index, row))];
    }

    /// <summary>One update; the loss before it.</summary>
    internal double Step(int index, double learningRate) => _step.Run(new TrainStep(index), _batch, learningRate).Loss;

    /// <summary>Gradients of the last update, summed over the ranks.</summary>
    internal float[] ReadGradients()
    {
        var values = new float[_gradients.Views.Flat.Count];
        _parameters.Device.Read<float>(_gradients.Views.Flat, values);
        return values;
    }

    public void Dispose()
    {
        _model.Dispose();
        _optimizer.Dispose();
        _gradients.Dispose();
        _parameters.Dispose();
    }

    private static Batch RandomTokens(int vocabulary, int rows, int tokens)
    {
        var random = new Random(1);
        var batch = new Batch(rows, tokens);
        for (var row = 0; row < rows; row++)
        {
            var ids = Enumerable.Range(0, tokens + 1).Select(_ => random.Next(vocabulary)).ToArray();
            batch.SetRow(row, ids.AsSpan(0, tokens), ids.AsSpan(1, tokens), [0, tokens]);
        }

        return batch;
    }

    private void SetRotary(int headSize, int[] positions)
    {
        var half = headSize / 2;
        var cos = new float[positions.Length * half];
        var sin = new float[positions.Length * half];
        for (var t = 0; t < positions.Length; t++)
        {
            for (var i = 0; i < half; i++)
            {
                var angle = positions[t] * Math.Pow(10_000, -2.0 * i / headSize);
                cos[(t * half) + i] = (float)Math.Cos(angle);
                sin[(t * half) + i] = (float)Math.Sin(angle);
            }
        }

        _model.SetRotary(cos, sin);
    }
}
