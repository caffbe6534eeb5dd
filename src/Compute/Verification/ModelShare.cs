using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Verification;

/// <summary>One rank's share of a model that learns random tokens: the same weights on every rank, the tokens at its positions.</summary>
public sealed class ModelShare : IDisposable
{
    private const double RotaryBase = 10_000;

    private readonly Parameters _parameters;
    private readonly Gradients _gradients;
    private readonly AdamW _optimizer;
    private readonly LlamaModel _model;
    private readonly TrainingStep _step;
    private readonly Batch[] _batch;
    private readonly IUpdateGroup _group;

    /// <summary>Weights and tokens depend on the shapes alone, not on who shares them.</summary>
    /// <param name="device">Computes; borrowed.</param>
    /// <param name="problem">Shapes and types.</param>
    /// <param name="positions">Where this rank's tokens stand in the sequence.</param>
    /// <param name="attention">How they attend; borrowed.</param>
    /// <param name="group">Who makes the update; borrowed.</param>
    /// <param name="onlyRow">From 0: this rank has one of the problem's rows, as in data parallel; null for its part of all.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public ModelShare(ComputeDevice device, TrainingProblem problem, int[] positions, IAttentionStrategy attention, IUpdateGroup group, int? onlyRow = null)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(positions);
        _parameters = new Parameters(device, problem.Dims, problem.Type);
        Initialization.Fill(_parameters, seed: 1, problem.WeightDeviation);
        _gradients = new Gradients(_parameters);
        _group = group;
        _optimizer = new AdamW(_parameters, new AdamWOptions(), group.OwnedOf(_parameters.Layout.Shards));
        var whole = RandomTokens(problem, onlyRow);
        _model = new LlamaModel(_parameters, attention, problem.Recompute, whole.Rows, positions.Length);
        SetRotary(problem.Dims.HeadSize, positions);
        var share = new Batch(whole.Rows, positions, problem.Tokens);
        share.TakeFrom(whole);
        _batch = [share];
        _step = new TrainingStep(_parameters, _model, _gradients, _optimizer, group);
    }

    /// <summary>Number of parameters.</summary>
    public long ParameterCount => _parameters.Layout.Count;

    /// <summary>Every position of a sequence: the share of one rank alone.</summary>
    public static int[] AllPositions(int tokens) => [.. Enumerable.Range(0, tokens)];

    /// <summary>Where a rank's tokens stand in the sequence of a plan.</summary>
    public static int[] PositionsOf(SequenceParallelPlan plan, SequenceRank rank)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var layout = plan.SequenceLayout();
        return [.. Enumerable.Range(0, (int)layout.Count(rank.Index)).Select(row => (int)layout.PositionOf(rank.Index, row))];
    }

    /// <summary>One update; returns the loss before it.</summary>
    /// <exception cref="NonFiniteException">Loss or gradient is not finite.</exception>
    public double Step(int index, double learningRate) => _step.Run(new TrainStep(index), _batch, learningRate).Loss;

    /// <summary>Gradients of the last update, summed over the ranks. Collective.</summary>
    public float[] ReadGradients()
    {
        _group.Gather(_gradients.Shards, _gradients.Views.Flat);
        var values = new float[_gradients.Views.Flat.Count];
        _parameters.Device.Read<float>(_gradients.Views.Flat, values);
        return values;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        _optimizer.Dispose();
        _gradients.Dispose();
        _parameters.Dispose();
    }

    private static Batch RandomTokens(TrainingProblem problem, int? onlyRow)
    {
        var random = new Random(1);
        var rows = Enumerable.Range(0, problem.Rows).Select(_ => Enumerable.Range(0, problem.Tokens + 1).Select(_ => random.Next(problem.Dims.Vocabulary)).ToArray()).ToList();
        var taken = onlyRow is { } one ? [rows[one]] : rows;
        var batch = new Batch(taken.Count, problem.Tokens);
        foreach (var (row, ids) in taken.Index())
        {
            batch.SetRow(row, ids.AsSpan(0, problem.Tokens), ids.AsSpan(1, problem.Tokens), [0, problem.Tokens]);
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
                var angle = positions[t] * Math.Pow(RotaryBase, -2.0 * i / headSize);
                cos[(t * half) + i] = (float)Math.Cos(angle);
                sin[(t * half) + i] = (float)Math.Sin(angle);
            }
        }

        _model.SetRotary(cos, sin);
    }
}

/// <summary>A model and the tokens that it learns, whole.</summary>
/// <param name="Dims">Shapes.</param>
/// <param name="Type">Of weights and activations.</param>
/// <param name="Recompute">What backward computes again.</param>
/// <param name="Rows">B.</param>
/// <param name="Tokens">S, of the whole sequence.</param>
/// <param name="WeightDeviation">Standard deviation of the random weights.</param>
public sealed record TrainingProblem(ModelDims Dims, ElementType Type, RecomputePolicy Recompute, int Rows, int Tokens, double WeightDeviation = 0.02);
