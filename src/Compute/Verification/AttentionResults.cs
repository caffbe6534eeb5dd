using ActorRing.Actors.Plans;

namespace ActorRing.Compute.Verification;

/// <summary>Results of an attention problem or of one rank's part, row-major <c>[B, rows, …]</c>.</summary>
public sealed class AttentionResults
{
    private readonly int batch;
    private readonly int rows;

    internal AttentionResults(int batch, int rows, int queryHeads, int keyHeads, int headSize)
    {
        this.batch = batch;
        this.rows = rows;
        Out = new float[batch * rows * queryHeads * headSize];
        Lse = new float[batch * rows * queryHeads];
        Dq = new float[batch * rows * queryHeads * headSize];
        Dk = new float[batch * rows * keyHeads * headSize];
        Dv = new float[batch * rows * keyHeads * headSize];
    }

    /// <summary>Zeroed results of a whole problem.</summary>
    public AttentionResults(SequenceParallelPlan plan)
        : this(plan.Batch, (int)plan.Tokens, plan.QueryHeads, plan.KeyHeads, plan.HeadSize)
    {
    }

    /// <summary>Outputs <c>[B, rows, N, H]</c>.</summary>
    public float[] Out { get; internal init; }

    /// <summary>LSE <c>[B, rows, N]</c>.</summary>
    public float[] Lse { get; internal init; }

    /// <summary>Gradient of q <c>[B, rows, N, H]</c>.</summary>
    public float[] Dq { get; internal init; }

    /// <summary>Gradient of k <c>[B, rows, K, H]</c>.</summary>
    public float[] Dk { get; internal init; }

    /// <summary>Gradient of v <c>[B, rows, K, H]</c>.</summary>
    public float[] Dv { get; internal init; }

    private AttentionResults(AttentionResults whole, long[] positions)
    {
        (batch, rows) = (whole.batch, positions.Length);
        Out = whole.Gather(whole.Out, positions);
        Lse = whole.Gather(whole.Lse, positions);
        Dq = whole.Gather(whole.Dq, positions);
        Dk = whole.Gather(whole.Dk, positions);
        Dv = whole.Gather(whole.Dv, positions);
    }

    /// <summary>Takes over a rank's part.</summary>
    /// <param name="part">Its results.</param>
    /// <param name="positions">Where its rows stand in the whole sequence.</param>
    public void Put(AttentionResults part, long[] positions)
    {
        Scatter(part.Out, Out, positions);
        Scatter(part.Lse, Lse, positions);
        Scatter(part.Dq, Dq, positions);
        Scatter(part.Dk, Dk, positions);
        Scatter(part.Dv, Dv, positions);
    }

    /// <summary>The rows at some positions: what a rank with these rows should find.</summary>
    public AttentionResults At(long[] positions) => new(this, positions);

    /// <summary>Largest difference of outputs and lse, relative to the largest value.</summary>
    public double OutError(AttentionResults other) => Math.Max(Error(Out, other.Out), Error(Lse, other.Lse));

    /// <summary>Largest difference of gradients, relative to the largest value of each.</summary>
    public double GradientError(AttentionResults other) => new[] { Error(Dq, other.Dq), Error(Dk, other.Dk), Error(Dv, other.Dv) }.Max();

    private float[] Gather(float[] from, long[] positions)
    {
        var width = from.Length / (batch * rows);
        var to = new float[batch * positions.Length * width];
        for (var sequence = 0; sequence < batch; sequence++)
        {
            for (var row = 0; row < positions.Length; row++)
            {
                Array.Copy(from, ((sequence * rows) + positions[row]) * width, to, ((sequence * positions.Length) + row) * width, width);
            }
        }

        return to;
    }

    private void Scatter(float[] from, float[] to, long[] positions)
    {
        var width = to.Length / (batch * rows);
        for (var sequence = 0; sequence < batch; sequence++)
        {
            for (var row = 0; row < positions.Length; row++)
            {
                Array.Copy(from, ((sequence * positions.Length) + row) * width, to, ((sequence * rows) + positions[row]) * width, width);
            }
        }
    }

    /// <summary>Largest difference, relative to the largest value.</summary>
    public static double Error(float[] a, float[] b)
    {
        double worst = 0, largest = 0;
        for (var i = 0; i < a.Length; i++)
        {
            var difference = Math.Abs((double)a[i] - b[i]);
            worst = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(worst, difference);
            largest = Math.Max(largest, Math.Abs((double)a[i]));
        }

        return worst / largest;
    }
}
