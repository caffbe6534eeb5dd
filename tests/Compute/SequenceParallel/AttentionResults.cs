using ActorRing.Actors.Plans;

namespace ActorRing.Compute.Specs.SequenceParallel;

/// <summary>Results of an attention problem or of one rank's part, row-major <c>[B, rows, …]</c>.</summary>
internal sealed class AttentionResults(int batch, int rows, int queryHeads, int keyHeads, int headSize)
{
    internal AttentionResults(SequenceParallelPlan plan)
        : this(plan.Batch, (int)plan.Tokens, plan.QueryHeads, plan.KeyHeads, plan.HeadSize)
    {
    }

    internal float[] Out { get; init; } = new float[batch * rows * queryHeads * headSize];

    internal float[] Lse { get; init; } = new float[batch * rows * queryHeads];

    internal float[] Dq { get; init; } = new float[batch * rows * queryHeads * headSize];

    internal float[] Dk { get; init; } = new float[batch * rows * keyHeads * headSize];

    internal float[] Dv { get; init; } = new float[batch * rows * keyHeads * headSize];

    /// <summary>Takes over a rank's part.</summary>
    internal void Put(AttentionResults part, long[] positions)
    {
        Scatter(part.Out, Out, positions);
        Scatter(part.Lse, Lse, positions);
        Scatter(part.Dq, Dq, positions);
        Scatter(part.Dk, Dk, positions);
        Scatter(part.Dv, Dv, positions);
    }

    /// <summary>Largest difference of outputs and lse, relative to the largest value.</summary>
    internal double OutError(AttentionResults other) => Math.Max(Error(Out, other.Out), Error(Lse, other.Lse));

    /// <summary>Largest difference of gradients, relative to the largest value of each.</summary>
    internal double GradientError(AttentionResults other) => new[] { Error(Dq, other.Dq), Error(Dk, other.Dk), Error(Dv, other.Dv) }.Max();

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
    internal static double Error(float[] a, float[] b)
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
