using ActorRing.Native;

namespace ActorRing.Compute.Specs.Reference;

/// <summary>Sizes of one attention: B batch, Tq and Tk tokens, N query heads, K KV heads, H head dim.</summary>
internal readonly record struct AttentionDims(int B, int Tq, int Tk, int N, int K, int H)
{
    internal int QueryCount => B * Tq * N * H;

    internal int KeyCount => B * Tk * K * H;

    internal int RowCount => B * Tq * N;

    /// <summary>Element <c>[b, i, n, 0]</c> of q, out and their gradients.</summary>
    internal int Query(int b, int i, int n) => ((((b * Tq) + i) * N) + n) * H;

    /// <summary>Element <c>[b, j, n / (N/K), 0]</c> of k, v and their gradients: the KV head that query head n reads.</summary>
    internal int Key(int b, int j, int n) => ((((b * Tk) + j) * K) + (n / (N / K))) * H;

    /// <summary>Element <c>[b, i, n]</c> of lse and delta.</summary>
    internal int Row(int b, int i, int n) => (((b * Tq) + i) * N) + n;
}

/// <summary>Softmax attention as the formula says it: every visible pair, one at a time, in float64.</summary>
internal static class ReferenceAttention
{
    /// <returns>out <c>[B, Tq, N, H]</c> and natural-log lse <c>[B, Tq, N]</c>; 0 and -infinity for a row that sees nothing.</returns>
    internal static (double[] Out, double[] Lse) Forward(AttentionDims dims, double[] q, double[] k, double[] v, AttentionMask mask, double softmaxScale)
    {
        var output = new double[dims.QueryCount];
        var lse = new double[dims.RowCount];
        var scores = new double[dims.Tk];
        foreach (var (b, n, i) in Rows(dims))
        {
            Scores(dims, q, k, mask, softmaxScale, b, n, i, scores);
            var max = scores.Max();
            var sum = double.IsNegativeInfinity(max) ? 0 : scores.Sum(score => Math.Exp(score - max));
            lse[dims.Row(b, i, n)] = sum == 0 ? double.NegativeInfinity : max + Math.Log(sum);
            for (var j = 0; j < dims.Tk; j++)
            {
                if (!double.IsNegativeInfinity(scores[j]))
                {
                    AddScaled(Math.Exp(scores[j] - max) / sum, v.AsSpan(dims.Key(b, j, n), dims.H), output.AsSpan(dims.Query(b, i, n), dims.H));
                }
            }
        }

        return (output, lse);
    }

    /// <returns>delta <c>[B, Tq, N]</c>: the sum over H of out times dout.</returns>
    internal static double[] Delta(AttentionDims dims, double[] output, double[] dout)
    {
        var delta = new double[dims.RowCount];
        for (var row = 0; row < delta.Length; row++)
        {
            delta[row] = Dot(output.AsSpan(row * dims.H, dims.H), dout.AsSpan(row * dims.H, dims.H));
        }

        return delta;
    }

    /// <summary>Gradients of this block from the lse and delta of the whole row, whatever other blocks the row sees.</summary>
    internal static (double[] Dq, double[] Dk, double[] Dv) Backward(
        AttentionDims dims, double[] q, double[] k, double[] v, double[] dout, double[] lse, double[] delta, AttentionMask mask, double softmaxScale)
    {
        var dq = new double[dims.QueryCount];
        var dk = new double[dims.KeyCount];
        var dv = new double[dims.KeyCount];
        var scores = new double[dims.Tk];
        foreach (var (b, n, i) in Rows(dims))
        {
            Scores(dims, q, k, mask, softmaxScale, b, n, i, scores);
            var query = dims.Query(b, i, n);
            var row = dims.Row(b, i, n);
            for (var j = 0; j < dims.Tk; j++)
            {
                if (double.IsNegativeInfinity(scores[j]))
                {
                    continue;
                }

                var key = dims.Key(b, j, n);
                var p = Math.Exp(scores[j] - lse[row]);
                var dp = Dot(dout.AsSpan(query, dims.H), v.AsSpan(key, dims.H));
                var ds = p * (dp - delta[row]);
                AddScaled(p, dout.AsSpan(query, dims.H), dv.AsSpan(key, dims.H));
                AddScaled(softmaxScale * ds, k.AsSpan(key, dims.H), dq.AsSpan(query, dims.H));
                AddScaled(softmaxScale * ds, q.AsSpan(query, dims.H), dk.AsSpan(key, dims.H));
            }
        }

        return (dq, dk, dv);
    }

    private static IEnumerable<(int B, int N, int I)> Rows(AttentionDims dims) =>
        from b in Enumerable.Range(0, dims.B) from n in Enumerable.Range(0, dims.N) from i in Enumerable.Range(0, dims.Tq) select (b, n, i);

    // A hidden key has score -infinity, as in the formula.
    private static void Scores(AttentionDims dims, double[] q, double[] k, AttentionMask mask, double softmaxScale, int b, int n, int i, double[] scores)
    {
        for (var j = 0; j < dims.Tk; j++)
        {
            scores[j] = ReferenceMask.Sees(mask, i, j)
                ? softmaxScale * Dot(q.AsSpan(dims.Query(b, i, n), dims.H), k.AsSpan(dims.Key(b, j, n), dims.H))
                : double.NegativeInfinity;
        }
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var sum = 0.0;
        for (var h = 0; h < a.Length; h++)
        {
            sum += a[h] * b[h];
        }

        return sum;
    }

    private static void AddScaled(double scale, ReadOnlySpan<double> x, Span<double> y)
    {
        for (var h = 0; h < x.Length; h++)
        {
            y[h] += scale * x[h];
        }
    }
}
