using System.Collections.Concurrent;
using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>One attention case in one element type: inputs as the device will hold them, and what the reference makes of them.</summary>
internal sealed class AttentionProblem
{
    private static readonly ConcurrentDictionary<(string, ElementType), Lazy<AttentionProblem>> Solved = new();

    internal AttentionProblem(AttentionCase attention, ElementType type, bool risingKeys = false)
    {
        Case = attention;
        Type = type;
        var noise = new Noise(10);
        Q = noise.Normal(Dims.QueryCount, attention.Spread).Rounded(type);
        K = noise.Normal(Dims.KeyCount);
        if (risingKeys)
        {
            Raise(K);
        }

        K = K.Rounded(type);
        V = noise.Normal(Dims.KeyCount).Rounded(type);
        Dout = noise.Normal(Dims.QueryCount).Rounded(type);
        (Out, Lse) = ReferenceAttention.Forward(Dims, Q, K, V, Mask, Scale);
        Delta = ReferenceAttention.Delta(Dims, Out, Dout);
        (Dq, Dk, Dv) = ReferenceAttention.Backward(Dims, Q, K, V, Dout, Lse, Delta, Mask, Scale);
    }

    internal AttentionCase Case { get; }

    internal ElementType Type { get; }

    internal AttentionDims Dims => Case.Dims;

    internal AttentionMask Mask => Case.Mask;

    internal double Scale => 1 / Math.Sqrt(Dims.H);

    internal double[] Q { get; }

    internal double[] K { get; }

    internal double[] V { get; }

    internal double[] Dout { get; }

    internal double[] Out { get; }

    internal double[] Lse { get; }

    internal double[] Delta { get; }

    internal double[] Dq { get; }

    internal double[] Dk { get; }

    internal double[] Dv { get; }

    private long[] QueryShape => [Dims.B, Dims.Tq, Dims.N, Dims.H];

    private long[] KeyShape => [Dims.B, Dims.Tk, Dims.K, Dims.H];

    private long[] RowShape => [Dims.B, Dims.Tq, Dims.N];

    /// <summary>Solved once, however many devices are checked against it.</summary>
    internal static AttentionProblem Of(string name, ElementType type) =>
        Solved.GetOrAdd((name, type), _ => new Lazy<AttentionProblem>(() => new AttentionProblem(AttentionCases.All[name], type))).Value;

    internal TestTensor PutQ(Workbench bench) => bench.Put(Q, Type, Case.Layout, QueryShape);

    internal TestTensor PutK(Workbench bench) => bench.Put(K, Type, Case.Layout, KeyShape);

    internal TestTensor PutV(Workbench bench) => bench.Put(V, Type, Case.Layout, KeyShape);

    internal TestTensor PutDout(Workbench bench) => bench.Put(Dout, Type, Case.Layout, QueryShape);

    internal TestTensor PutLse(Workbench bench) => bench.Put(Lse, ElementType.Float32, RowShape);

    internal TestTensor PutDelta(Workbench bench) => bench.Put(Delta, ElementType.Float32, RowShape);

    internal TestTensor EmptyOut(Workbench bench, ElementType type) => bench.Empty(type, Case.Layout, QueryShape);

    internal TestTensor EmptyRows(Workbench bench) => bench.Empty(ElementType.Float32, Case.Layout == Layout.Slice ? Layout.Slice : Layout.Packed, RowShape);

    /// <summary>Where a gradient of q goes: poison, or what an accumulating call adds to.</summary>
    internal TestTensor QueryGradient(Workbench bench, double[]? before = null) =>
        before is null ? bench.Empty(ElementType.Float32, Case.Layout, QueryShape) : bench.Put(before, ElementType.Float32, Case.Layout, QueryShape);

    /// <summary>Where a gradient of k or v goes.</summary>
    internal TestTensor KeyGradient(Workbench bench, double[]? before = null) =>
        before is null ? bench.Empty(ElementType.Float32, Case.Layout, KeyShape) : bench.Put(before, ElementType.Float32, Case.Layout, KeyShape);

    internal AttentionState EmptyState(Workbench bench) =>
        new(bench.Empty(ElementType.Float32, Case.Layout, QueryShape), EmptyRows(bench), EmptyRows(bench));

    // Later keys score higher by far, so that the running maximum rises in every block (or falls, read backwards).
    private void Raise(double[] keys)
    {
        var width = Dims.K * Dims.H;
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] *= 0.1 + (4.0 * (i / width % Dims.Tk) / Dims.Tk);
        }
    }
}
