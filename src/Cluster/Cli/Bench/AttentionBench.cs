using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>One row of <c>bench attention</c>.</summary>
internal sealed record AttentionRow(string Op, string Dtype, int Threads, long Tokens, int HeadSize, int Heads, int KvHeads, double Gflops, double PeakGflops, double Fraction, double CpuFraction);

/// <summary>Causal block attention, forward and backward, as a share of the multiply-add peak. Masked-out scores are not counted.</summary>
internal static class AttentionBench
{
    internal static IEnumerable<AttentionRow> Run(NativeBackend backend, InstructionSet isa, int threads, long tokens, int headSize, int heads, int kvHeads, ElementType type, int rounds)
    {
        using var device = backend.Open(threads, isa);
        using var buffer = device.CreateBuffer(Bytes(tokens, headSize, heads, kvHeads));
        var next = 0L;
        Tensor Heads(ElementType of, int count)
        {
            var tensor = Tensor.Of(buffer, next, of, 1, count, tokens, headSize);
            next += tensor.Count * of.ByteCount();
            return tensor;
        }

        Tensor Rows()
        {
            var tensor = Tensor.Of(buffer, next, ElementType.Float32, 1, tokens, heads);
            next += tensor.Count * sizeof(float);
            return tensor;
        }

        var (q, k, v, dout) = (Heads(type, heads), Heads(type, kvHeads), Heads(type, kvHeads), Heads(type, heads));
        var seed = 1;
        foreach (var tensor in new[] { q, k, v, dout })
        {
            Measure.FillRandom(device, tensor, seed++);
        }

        var (output, dq, dk, dv) = (Heads(ElementType.Float32, heads), Heads(ElementType.Float32, heads), Heads(ElementType.Float32, kvHeads), Heads(ElementType.Float32, kvHeads));
        var (lse, delta) = (Rows(), Rows());
        var scale = 1 / Math.Sqrt(headSize);

        // Two products of T x T/2 x H per head forward, five backward.
        var forwardFlops = 2.0 * 2 * heads * headSize * (tokens * (tokens + 1) / 2.0);
        var mask = new AttentionMask();

        var forward = Measure.Of(device, type, forwardFlops, rounds, () => device.AttentionForward(
            q.Swap(1, 2), k.Swap(1, 2), v.Swap(1, 2), mask, scale, AttentionPart.Whole, default, output.Swap(1, 2), lse));
        yield return Row("attention_forward", forward);

        device.AttentionDelta(output.Swap(1, 2), dout.Swap(1, 2), delta);
        var backward = Measure.Of(device, type, forwardFlops * 2.5, rounds, () => device.AttentionBackward(
            q.Swap(1, 2), k.Swap(1, 2), v.Swap(1, 2), dout.Swap(1, 2), lse, delta, mask, scale, accumulate: false, dq.Swap(1, 2), dk.Swap(1, 2), dv.Swap(1, 2)));
        yield return Row("attention_backward", backward);

        AttentionRow Row(string op, Rate rate) => new(
            op, type == ElementType.Float32 ? "float32" : "bfloat16", threads, tokens, headSize, heads, kvHeads,
            BenchJson.Round(rate.Gigaflops, 1), BenchJson.Round(rate.PeakGigaflops, 1), BenchJson.Round(rate.Fraction, 4), BenchJson.Round(rate.CpuFraction, 4));
    }

    private static long Bytes(long tokens, int headSize, int heads, int kvHeads) => sizeof(float) * tokens * (((long)headSize * ((4 * heads) + (4 * kvHeads))) + (2 * heads));
}
