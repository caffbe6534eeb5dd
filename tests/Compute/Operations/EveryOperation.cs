using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>One call of every operation at awkward sizes large enough for several tiles and tasks, and a digest of the bits of each result.</summary>
internal static class EveryOperation
{
    private const int Rows = 131;
    private const int Inputs = 67;
    private const int Outputs = 129;

    /// <returns>Each result's name and digest; equal runs give equal lists.</returns>
    internal static List<(string Name, string Bits)> Run(Workbench bench, ElementType type)
    {
        var results = new List<(string Name, string Bits)>();
        void Keep(string name, TestTensor tensor) => results.Add((name, Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes<uint>(tensor.ReadBits())))));

        Elementwise(bench, type, Keep, sum => results.Add(("square_sum", $"{BitConverter.DoubleToInt64Bits(sum):X}")));
        Linear(bench, type, Keep);
        Layers(bench, type, Keep);
        Attention(bench, type, Keep);
        Head(bench, type, Keep, sum => results.Add(("loss_sum", $"{BitConverter.DoubleToInt64Bits(sum):X}")));
        Optimiser(bench, Keep);
        return results;
    }

    private static void Elementwise(Workbench bench, ElementType type, Action<string, TestTensor> keep, Action<double> keepSum)
    {
        var x = Put(bench, type, 1, Rows, Inputs);
        var y = Put(bench, type, 2, Rows, Inputs);
        bench.Device.Add(0.3, x, y);
        keep("add", y);
        keepSum(bench.Device.SquareSum(y));
        var copy = bench.Empty(ElementType.Float32, Rows, Inputs);
        bench.Device.Copy(y, copy);
        keep("copy", copy);
        bench.Device.Fill(0.1, copy);
        keep("fill", copy);
    }

    private static void Linear(Workbench bench, ElementType type, Action<string, TestTensor> keep)
    {
        var (x, w, dy) = (Put(bench, type, 3, Rows, Inputs), Put(bench, type, 4, Outputs, Inputs), Put(bench, type, 5, Rows, Outputs));
        var (y, dx) = (bench.Empty(type, Rows, Outputs), bench.Empty(type, Rows, Inputs));
        var (dw, dbias) = (bench.Empty(ElementType.Float32, Outputs, Inputs), bench.Empty(ElementType.Float32, Outputs));
        bench.Device.LinearForward(x, w, Put(bench, type, 6, Outputs), false, y);
        bench.Device.LinearBackwardInput(dy, w, false, dx);
        bench.Device.LinearBackwardWeight(dy, x, false, dw, dbias);
        keep("linear y", y);
        keep("linear dx", dx);
        keep("linear dw", dw);
        keep("linear dbias", dbias);
    }

    private static void Layers(Workbench bench, ElementType type, Action<string, TestTensor> keep)
    {
        var (x, w, dy) = (Put(bench, type, 7, Rows, Inputs), Put(bench, type, 8, Inputs), Put(bench, type, 9, Rows, Inputs));
        var (y, rstd) = (bench.Empty(type, Rows, Inputs), bench.Empty(ElementType.Float32, Rows));
        var (dx, dw) = (bench.Empty(type, Rows, Inputs), bench.Zeros(ElementType.Float32, Layout.Packed, Inputs));
        bench.Device.RmsNormForward(x, w, 1e-5, y, rstd);
        bench.Device.RmsNormBackward(x, w, rstd, dy, false, dx, dw);
        keep("rms_norm y", y);
        keep("rms_norm dx", dx);
        keep("rms_norm dw", dw);

        var (gateUp, activated, dgateUp) = (Put(bench, type, 10, Rows, 2 * Inputs), bench.Empty(type, Rows, Inputs), bench.Empty(type, Rows, 2 * Inputs));
        bench.Device.SwiGluForward(gateUp, activated);
        bench.Device.SwiGluBackward(gateUp, dy, dgateUp, default);
        keep("swiglu y", activated);
        keep("swiglu dx", dgateUp);

        var heads = Put(bench, type, 11, 1, Rows, 3, 32);
        bench.Device.Rotary(heads, Put(bench, ElementType.Float32, 12, Rows, 16), Put(bench, ElementType.Float32, 13, Rows, 16), false, heads);
        keep("rotary", heads);

        var ids = bench.PutIds(new Noise(14).Integers(Rows, 11));
        var (rows, dtable) = (bench.Empty(type, Rows, Inputs), bench.Zeros(ElementType.Float32, Layout.Packed, 11, Inputs));
        bench.Device.EmbeddingForward(ids, Put(bench, type, 15, 11, Inputs), rows);
        bench.Device.EmbeddingBackward(ids, dy, dtable);
        keep("embedding y", rows);
        keep("embedding dtable", dtable);
    }

    private static void Attention(Workbench bench, ElementType type, Action<string, TestTensor> keep)
    {
        var problem = AttentionProblem.Of("everything at once", type);
        var (q, k, v, dout) = (problem.PutQ(bench), problem.PutK(bench), problem.PutV(bench), problem.PutDout(bench));
        var (output, lse, delta) = (problem.EmptyOut(bench, ElementType.Float32), problem.EmptyRows(bench), problem.EmptyRows(bench));
        var (dq, dk, dv) = (problem.QueryGradient(bench), problem.KeyGradient(bench), problem.KeyGradient(bench));
        bench.Device.AttentionForward(q, k, v, problem.Mask, problem.Scale, AttentionPart.Whole, default, output, lse);
        bench.Device.AttentionDelta(output, dout, delta);
        bench.Device.AttentionBackward(q, k, v, dout, lse, delta, problem.Mask, problem.Scale, false, dq, dk, dv);
        keep("attention out", output);
        keep("attention lse", lse);
        keep("attention delta", delta);
        keep("attention dq", dq);
        keep("attention dk", dk);
        keep("attention dv", dv);
    }

    private static void Head(Workbench bench, ElementType type, Action<string, TestTensor> keep, Action<double> keepSum)
    {
        const int vocabulary = 523;
        var (dx, dw, rowLoss) = (bench.Empty(type, Rows, Inputs), bench.Zeros(ElementType.Float32, Layout.Packed, vocabulary, Inputs),
            bench.Empty(ElementType.Float32, Rows));
        var labels = bench.PutIds(new Noise(16).Integers(Rows, vocabulary));
        keepSum(bench.Device.LmHeadCrossEntropy(Put(bench, type, 17, Rows, Inputs), Put(bench, type, 18, vocabulary, Inputs), labels, 0.1, dx, dw,
            rowLoss).Sum);
        keep("lm_head dx", dx);
        keep("lm_head dw", dw);
        keep("lm_head row_loss", rowLoss);
    }

    private static void Optimiser(Workbench bench, Action<string, TestTensor> keep)
    {
        const int count = 10_007;
        var (w, m, v) = (Put(bench, ElementType.Float32, 19, count), bench.Zeros(ElementType.Float32, Layout.Packed, count),
            bench.Zeros(ElementType.Float32, Layout.Packed, count));
        var compute = bench.Empty(ElementType.BFloat16, count);
        bench.Device.AdamW(new AdamWUpdate(1e-3, 0.9, 0.95, 1e-8, 0.1, 1, 1), Put(bench, ElementType.Float32, 20, count), w, m, v, compute);
        keep("adamw w", w);
        keep("adamw m", m);
        keep("adamw v", v);
        keep("adamw w_compute", compute);
    }

    private static TestTensor Put(Workbench bench, ElementType type, ulong rngSeed, params long[] shape) =>
        bench.Put(new Noise(rngSeed).Normal((int)shape.Aggregate(1L, (product, size) => product * size)), type, shape);
}
