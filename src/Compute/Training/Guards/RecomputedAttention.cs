using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Model;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Training.Guards;

// Shape letters: B batch, T tokens on this rank, N query heads, K KV heads, H head dim, S tokens of the sequence: T of one rank may be one more than of another.

/// <summary>An attention of which one row (layer, sequence, head, position) is computed a second time, in float64 and from its definition, in every so-manieth update.</summary>
/// <remarks>
/// Finds what no hash of a state can: kernels, schedules or processors that compute something else than attention. The row is drawn from the update's number, so all ranks
/// know it without a word; the rank that has its query says it to the others, each adds up what its own keys contribute, and the query's rank compares. Queries, keys and
/// values are taken as they are. Cost: a pass over one head's keys and values, and two small collectives of the sequence's ranks.
/// </remarks>
/// <param name="attention">Borrowed.</param>
/// <param name="device">Has the tensors; borrowed.</param>
/// <param name="dims">Of the model.</param>
/// <param name="place">Where this rank's tokens stand, and who has the others.</param>
/// <param name="every">Updates from one that is looked at to the next; at least 1.</param>
public sealed class RecomputedAttention(IAttentionStrategy attention, ComputeDevice device, ModelDims dims, StageSeat place, int every) : IAttentionStrategy, IDisposable
{
    // Of the largest element of the row. Half-precision outputs are rounded to 8 bits, and some kernels round probabilities, too.
    private const double ToleranceFloat32 = 1e-4;
    private const double ToleranceBFloat16 = 1.0 / 64;

    private const int Extra = 2; // a maximum and a sum

    private readonly DeviceBuffer? _said = place.Sequence is null ? null : device.CreateBuffer((place.Sequence.Size + 1L) * (dims.HeadSize + Extra) * sizeof(long));
    private readonly DeviceBuffer _numbers = device.CreateBuffer((long)place.Positions.Length * dims.HeadSize * sizeof(float));
    private TrainStep _step;
    private AttentionRow? _row;

    /// <summary>Says which update begins: all ranks say the same.</summary>
    /// <param name="step">Its number in the job.</param>
    /// <param name="batch">B.</param>
    /// <param name="tokens">S.</param>
    public void Begin(TrainStep step, int batch, int tokens) => (_step, _row) = (step, step.Index % every == 0 ? AttentionRow.Of(step, dims, batch, tokens) : null);

    /// <inheritdoc/>
    /// <exception cref="RecomputationException">The row is another one; on the rank that has its query.</exception>
    public void Forward(in Tensor q, in Tensor k, in Tensor v, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor output, in Tensor lse)
    {
        ArgumentNullException.ThrowIfNull(masks);
        attention.Forward(q, k, v, masks, layer, softmaxScale, output, lse);
        if (_row is not { } row || row.Layer != layer.Index)
        {
            return;
        }

        _row = null; // backward may compute the layer again
        var own = Array.IndexOf(place.Positions, row.Position);
        var query = Query(q, row, own);
        var partial = Attend(query, k, v, masks, layer, softmaxScale, row);
        var (expected, expectedLse, largest) = Combine(partial);
        if (own >= 0)
        {
            Compare(row, expected, expectedLse, largest, Row(output, row, own), Row(lse, row, own)[0], output.Type == ElementType.BFloat16 ? ToleranceBFloat16 : ToleranceFloat32);
        }
    }

    /// <inheritdoc/>
    public void Backward(
        in Tensor q, in Tensor k, in Tensor v, in Tensor dout, in Tensor lse, in Tensor delta, SequenceMasks masks, AttentionLayer layer, double softmaxScale,
        in Tensor dq, in Tensor dk, in Tensor dv) =>
        attention.Backward(q, k, v, dout, lse, delta, masks, layer, softmaxScale, dq, dk, dv);

    /// <inheritdoc/>
    public void Dispose()
    {
        _numbers.Dispose();
        _said?.Dispose();
    }

    // [H], the same on every rank.
    private double[] Query(in Tensor q, AttentionRow row, int own)
    {
        var mine = new double[dims.HeadSize + Extra];
        if (own >= 0)
        {
            Row(q, row, own).CopyTo(mine, 0);
            mine[^1] = 1;
        }

        return Gather(mine).Single(said => said[^1] > 0)[..dims.HeadSize];
    }

    // What the keys of this rank contribute: Σ exp(s - m) v, then m, then Σ exp(s - m).
    private double[] Attend(double[] query, in Tensor k, in Tensor v, SequenceMasks masks, AttentionLayer layer, double softmaxScale, AttentionRow row)
    {
        var head = row.Head / (dims.Heads / dims.KvHeads);
        var (keys, values) = (Numbers(k.Slice(0, row.Sequence, 1).Slice(2, head, 1)), Numbers(v.Slice(0, row.Sequence, 1).Slice(2, head, 1)));
        var first = DocumentOf(masks.DocumentStarts(row.Sequence).Span, row.Position);
        var (partial, most, sum) = (new double[dims.HeadSize + Extra], double.NegativeInfinity, 0.0);
        for (var t = 0; t < place.Positions.Length; t++)
        {
            var position = place.Positions[t];
            var isSink = layer.Window > 0 && position < first + place.Sink;
            if (position > row.Position || position < first || (layer.Window > 0 && position <= row.Position - layer.Window && !isSink))
            {
                continue;
            }

            var at = t * dims.HeadSize;
            var score = 0.0;
            for (var h = 0; h < dims.HeadSize; h++)
            {
                score += query[h] * keys[at + h];
            }

            score *= softmaxScale;
            if (score > most)
            {
                var shrink = Math.Exp(most - score);
                (most, sum) = (score, sum * shrink);
                for (var h = 0; h < dims.HeadSize; h++)
                {
                    partial[h] *= shrink;
                }
            }

            var weight = Math.Exp(score - most);
            sum += weight;
            for (var h = 0; h < dims.HeadSize; h++)
            {
                partial[h] += weight * values[at + h];
            }
        }

        (partial[^2], partial[^1]) = (most, sum);
        return partial;
    }

    private (double[] Output, double Lse, double Largest) Combine(double[] partial)
    {
        var parts = Gather(partial);
        var most = parts.Max(part => part[^2]);
        var sum = parts.Sum(part => part[^1] * Math.Exp(part[^2] - most));
        var output = new double[dims.HeadSize];
        foreach (var part in parts.Where(part => part[^1] > 0))
        {
            for (var h = 0; h < output.Length; h++)
            {
                output[h] += part[h] * Math.Exp(part[^2] - most) / sum;
            }
        }

        return (output, most + Math.Log(sum), output.Max(Math.Abs));
    }

    private void Compare(AttentionRow row, double[] expected, double expectedLse, double largest, double[] output, double lse, double tolerance)
    {
        for (var h = 0; h < expected.Length; h++)
        {
            Require(row, $"element {h} of the output", output[h], expected[h], tolerance * Math.Max(largest, 1e-3));
        }

        Require(row, "log-sum-exp", lse, expectedLse, tolerance * (1 + Math.Abs(expectedLse)));
    }

    private void Require(AttentionRow row, string what, double value, double expected, double tolerance)
    {
        // What is not finite is another guard's business, and makes the expectation worthless.
        if (double.IsFinite(expected) && !(Math.Abs(value - expected) <= tolerance))
        {
            throw new RecomputationException(_step, row, what, value, expected);
        }
    }

    private double[][] Gather(double[] mine)
    {
        if (place.Sequence is not { } ranks)
        {
            return [mine];
        }

        var count = mine.Length;
        var own = Tensor.Of(_said!, 0, ElementType.Int64, count);
        var all = Tensor.Of(_said!, count * sizeof(long), ElementType.Int64, (long)count * ranks.Size);
        device.Write<double>(mine, own);
        ranks.AllGather(own, all, [.. Enumerable.Repeat((long)count, ranks.Size)], new HopLabel(HopChannel.Statistics)).Wait();
        var table = new double[count * ranks.Size];
        device.Read<double>(all, table);
        return [.. table.Chunk(count)];
    }

    // [B, T, heads, H] or [B, T, heads]: what one head of one token has.
    private double[] Row(in Tensor tensor, AttentionRow row, int token) => Numbers(tensor.Slice(0, row.Sequence, 1).Slice(1, token, 1).Slice(2, row.Head, 1));

    // Wherever its elements lie, and of whatever type they are.
    private double[] Numbers(in Tensor tensor)
    {
        Span<long> shape = stackalloc long[tensor.Rank];
        for (var dim = 0; dim < shape.Length; dim++)
        {
            shape[dim] = tensor.Size(dim);
        }

        var copy = Tensor.Of(_numbers, 0, ElementType.Float32, shape);
        device.Copy(tensor, copy);
        var floats = new float[tensor.Count];
        device.Read<float>(copy, floats);
        return Array.ConvertAll(floats, number => (double)number);
    }

    private static long DocumentOf(ReadOnlySpan<long> starts, int position)
    {
        var first = 0L;
        foreach (var start in starts)
        {
            first = start <= position ? start : first;
        }

        return first;
    }
}
