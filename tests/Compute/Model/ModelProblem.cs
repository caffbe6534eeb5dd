using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Specs.Reference;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Model;

/// <summary>A tiny model with random weights and tokens, on a device and in float64.</summary>
internal sealed class ModelProblem : IDisposable
{
    private readonly LlamaConfig _config;
    private readonly bool _documents;

    internal ModelProblem(ComputeDevice device, LlamaConfig config, RecomputePolicy policy, int batch, int tokens, bool documents = false, ElementType type = ElementType.Float32)
        : this(device, config, policy, batch, tokens, new LocalAttention(device), [.. Enumerable.Range(0, tokens)], documents, type)
    {
    }

    /// <summary>The tokens at some positions of the same problem: one rank's share.</summary>
    internal ModelProblem(
        ComputeDevice device, LlamaConfig config, RecomputePolicy policy, int batch, int tokens, IAttentionStrategy attention, int[] positions, bool documents, ElementType type = ElementType.Float32)
    {
        _config = config;
        _documents = documents;
        Parameters = new Parameters(device, ModelDims.Of(config), type);
        FillParameters();
        Gradients = new Gradients(Parameters);
        Model = new LlamaModel(Parameters, attention, policy, batch, positions.Length);
        Model.SetRotary(config, positions, tokens);
        Batch = new Batch(batch, positions, tokens);
        Batch.TakeFrom(RandomBatch(batch, tokens));
    }

    internal Parameters Parameters { get; }

    internal Gradients Gradients { get; }

    internal LlamaModel Model { get; }

    internal Batch Batch { get; }

    private long[] Starts => _documents ? [0, 1, Batch.SeqLen / 2] : [0];

    public void Dispose()
    {
        Model.Dispose();
        Gradients.Dispose();
        Parameters.Dispose();
    }

    internal LossSum ForwardBackward()
    {
        Model.Load(Batch);
        Model.Forward();
        var loss = Model.LossAndGradient(Gradients.Views, 1.0 / Batch.LabelledCount);
        Model.Backward(Gradients.Views);
        return loss;
    }

    /// <summary>Makes the batch one row of the problem with so many rows: a replica's share.</summary>
    internal void TakeRow(int row, int rows)
    {
        var whole = RandomBatch(rows, Batch.SeqLen);
        Batch.SetRow(0, whole.Ids.Slice(row * Batch.SeqLen, Batch.SeqLen), whole.Labels.Slice(row * Batch.SeqLen, Batch.SeqLen), whole.DocumentStarts(row));
    }

    internal double[] Gradient(string name) => Read(Gradients.Views.Of(Slot(name)));

    internal ParameterSlot Slot(string name) => Parameters.Layout.Slots.Single(slot => slot.Name == name);

    /// <summary>The weights as layers see them, in float64.</summary>
    internal (ReferenceLlama Model, ReferenceBatch Batch) InFloat64()
    {
        var dims = Parameters.Dims;
        var frequencies = RopeFrequencies.Of(_config, Batch.SeqLen);
        var half = dims.HeadSize / 2;
        var cos = new double[Batch.SeqLen * half];
        var sin = new double[Batch.SeqLen * half];
        for (var t = 0; t < Batch.SeqLen; t++)
        {
            for (var i = 0; i < half; i++)
            {
                cos[(t * half) + i] = Math.Cos(t * frequencies.InverseFrequencies[i]) * frequencies.AttentionFactor;
                sin[(t * half) + i] = Math.Sin(t * frequencies.InverseFrequencies[i]) * frequencies.AttentionFactor;
            }
        }

        var windows = Enumerable.Range(0, dims.Layers).Select(layer => (long)dims.WindowOf(layer)).ToArray();
        var weights = Parameters.Layout.Slots.ToDictionary(slot => slot.Name, slot => Read(Parameters.Master.Of(slot)));
        return (
            new ReferenceLlama(new ReferenceLlamaDims(dims.Width, dims.Heads, dims.KvHeads, dims.HeadSize, dims.MlpWidth, dims.Vocabulary, dims.NormEpsilon, windows, dims.TiedEmbeddings), weights),
            new ReferenceBatch(Batch.Rows, Batch.Ids.ToArray(), Batch.Labels.ToArray(), cos, sin, _documents ? Starts : null));
    }

    // Values that bfloat16 represents exactly, so that both types compute with the same weights.
    private void FillParameters()
    {
        var random = new Random(11);
        foreach (var slot in Parameters.Layout.Slots)
        {
            var values = new float[slot.Count];
            for (var i = 0; i < values.Length; i++)
            {
                var value = slot.Name.EndsWith("norm.weight", StringComparison.Ordinal) ? 0.75 + (random.NextDouble() / 2) : (random.NextDouble() - 0.5) * 0.6;
                values[i] = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits((float)value) & 0xFFFF0000);
            }

            Parameters.Device.Write<float>(values, Parameters.Master.Of(slot));
        }

        Parameters.Publish();
    }

    private Batch RandomBatch(int rows, int tokens)
    {
        var random = new Random(5);
        var batch = new Batch(rows, tokens);
        for (var row = 0; row < rows; row++)
        {
            var ids = Enumerable.Range(0, tokens).Select(_ => random.Next(Parameters.Dims.Vocabulary)).ToArray();
            var labels = Enumerable.Range(0, tokens).Select(_ => random.Next(4) == 0 ? -100 : random.Next(Parameters.Dims.Vocabulary)).ToArray();
            batch.SetRow(row, ids, labels, _documents ? [0, 1, tokens / 2, tokens] : [0, tokens]);
        }

        return batch;
    }

    private double[] Read(in Tensor tensor)
    {
        var values = new float[tensor.Count];
        Parameters.Device.Read<float>(tensor, values);
        return Array.ConvertAll(values, value => (double)value);
    }
}
