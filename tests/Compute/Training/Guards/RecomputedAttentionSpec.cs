using ActorRing.Actors.Ids;
using ActorRing.Compute.Model;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Compute.Training.Guards;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Training.Guards;

/// <summary>A row of attention computed again: silent where all is well, and not where it is not.</summary>
public sealed class RecomputedAttentionSpec : IDisposable
{
    private const int Batch = 2;
    private const int Tokens = 96;
    private const double Scale = 0.25;

    private static readonly ModelDims Dims = new() { Layers = 3, Width = 128, Heads = 4, KvHeads = 2, HeadSize = 32, MlpWidth = 64, Vocabulary = 32, NormEpsilon = 1e-5, TiedEmbeddings = false };

    private readonly ComputeDevice _device = NativeBackend.LoadCpu().Open(1);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData(ElementType.Float32, 0, 0)]
    [InlineData(ElementType.BFloat16, 0, 0)]
    [InlineData(ElementType.Float32, 17, 0)]
    [InlineData(ElementType.BFloat16, 17, 4)]
    public void Row_must_be_the_same_when_it_is_computed_again(ElementType type, int window, long sink)
    {
        for (var step = 0; step < 200; step++)
        {
            Run(new LocalAttention(_device, sink), type, step, window, sink, layer: AttentionRow.Of(new(step), Dims, Batch, Tokens).Layer);
        }
    }

    [Theory]
    [InlineData(ElementType.Float32, 150)]
    [InlineData(ElementType.BFloat16, 120)] // what a key of little weight adds is less than its outputs are rounded by
    public void Row_must_be_named_when_the_attention_forgets_a_key(ElementType type, int least)
    {
        var found = 0;
        for (var step = 0; step < 200; step++)
        {
            var row = AttentionRow.Of(new(step), Dims, Batch, Tokens);
            try
            {
                // A window one token too short: a query of 8 or more tokens has one key less.
                Run(new Shorter(new LocalAttention(_device)), type, step, window: 8, sink: 0, row.Layer);
            }
            catch (RecomputationException failure)
            {
                Assert.Equal(row, failure.Row);
                Assert.Contains($"step {step + 1}: attention of layer {row.Layer}, sequence {row.Sequence}, head {row.Head}, position {row.Position}: ", failure.Message, StringComparison.Ordinal);
                found++;
            }
        }

        Assert.InRange(found, least, 200); // queries near a document's start see the same keys through either window
    }

    [Fact]
    public void Row_must_not_be_looked_at_between_two_updates_that_are()
    {
        for (var step = 0; step < 40; step++)
        {
            var layer = AttentionRow.Of(new(step), Dims, Batch, Tokens).Layer;
            var failure = Record.Exception(() => Run(new Negated(new LocalAttention(_device), _device), ElementType.Float32, step, 0, 0, layer, every: 4));
            Assert.Equal(step % 4 == 0, failure is RecomputationException);
        }
    }

    [Fact]
    public void Rows_must_be_of_every_layer_sequence_and_head()
    {
        var rows = Enumerable.Range(0, 1000).Select(step => AttentionRow.Of(new(step), Dims, Batch, Tokens)).ToList();
        Assert.Equal(Dims.Layers * Batch * Dims.Heads, rows.Select(row => (row.Layer, row.Sequence, row.Head)).Distinct().Count());
        Assert.Equal(Tokens, rows.Select(row => row.Position).Distinct().Count());
    }

    private void Run(IAttentionStrategy attention, ElementType type, int step, int window, long sink, int layer, int every = 1)
    {
        var place = new StageSeat(attention, [.. Enumerable.Range(0, Tokens)], 0, 1, null, sink);
        using var recomputed = new RecomputedAttention(attention, _device, Dims, place, every);
        var masks = new SequenceMasks(Batch);
        masks.SetDocuments(1, [0, 30, 31, 70]);
        var (q, k, v) = (Numbers(type, Dims.Heads, step), Numbers(type, Dims.KvHeads, step + 1000), Numbers(type, Dims.KvHeads, step + 2000));
        var output = Empty(type, Batch, Tokens, Dims.Heads, Dims.HeadSize);
        var lse = Empty(ElementType.Float32, Batch, Tokens, Dims.Heads);
        try
        {
            recomputed.Begin(new TrainStep(step), Batch, Tokens);
            recomputed.Forward(q, k, v, masks, new AttentionLayer(layer, window), Scale, output, lse);
        }
        finally
        {
            foreach (var tensor in new[] { q, k, v, output, lse })
            {
                tensor.Buffer!.Dispose();
            }
        }
    }

    private Tensor Numbers(ElementType type, int heads, int seed)
    {
        var random = new Random(seed);
        var floats = new float[Batch * Tokens * heads * Dims.HeadSize];
        for (var at = 0; at < floats.Length; at++)
        {
            floats[at] = (float)((random.NextDouble() * 4) - 2);
        }

        var tensor = Empty(type, Batch, Tokens, heads, Dims.HeadSize);
        if (type == ElementType.Float32)
        {
            _device.Write<float>(floats, tensor);
        }
        else
        {
            _device.Write<ushort>(Array.ConvertAll(floats, number => (ushort)(BitConverter.SingleToUInt32Bits(number) >> 16)), tensor);
        }

        return tensor;
    }

    private Tensor Empty(ElementType type, params long[] shape) => Tensor.Of(_device.CreateBuffer(shape.Aggregate(1L, (product, size) => product * size) * type.ByteCount()), 0, type, shape);

    private sealed class Shorter(IAttentionStrategy attention) : Wrong(attention)
    {
        public override void Forward(in Tensor q, in Tensor k, in Tensor v, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor output, in Tensor lse) =>
            Attention.Forward(q, k, v, masks, layer with { Window = layer.Window - 1 }, softmaxScale, output, lse);
    }

    private sealed class Negated(IAttentionStrategy attention, ComputeDevice device) : Wrong(attention)
    {
        public override void Forward(in Tensor q, in Tensor k, in Tensor v, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor output, in Tensor lse)
        {
            Attention.Forward(q, k, v, masks, layer, softmaxScale, output, lse);
            device.Fill(-1, lse);
        }
    }

    private abstract class Wrong(IAttentionStrategy attention) : IAttentionStrategy
    {
        protected IAttentionStrategy Attention { get; } = attention;

        public abstract void Forward(in Tensor q, in Tensor k, in Tensor v, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor output, in Tensor lse);

        public void Backward(
            in Tensor q, in Tensor k, in Tensor v, in Tensor dout, in Tensor lse, in Tensor delta, SequenceMasks masks, AttentionLayer layer, double softmaxScale,
            in Tensor dq, in Tensor dk, in Tensor dv) =>
            throw new NotSupportedException();
    }
}
