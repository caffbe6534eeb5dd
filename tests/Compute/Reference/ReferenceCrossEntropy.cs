namespace ActorRing.Compute.Specs.Reference;

/// <summary>loss[r] = logsumexp(logits[r]) - logits[r, label], 0 for a row labelled -100. logits <c>[R, V]</c>, labels <c>[R]</c>.</summary>
internal static class ReferenceCrossEntropy
{
    internal const int Unlabelled = -100;

    internal static double[] Forward(double[] logits, int[] labels, int vocabulary)
    {
        var loss = new double[labels.Length];
        for (var r = 0; r < labels.Length; r++)
        {
            if (labels[r] != Unlabelled)
            {
                loss[r] = LogSumExp(logits.AsSpan(r * vocabulary, vocabulary)) - logits[(r * vocabulary) + labels[r]];
            }
        }

        return loss;
    }

    /// <returns>dlogits <c>[R, V]</c> of the sum of losses: softmax minus one at the label.</returns>
    internal static double[] Backward(double[] logits, int[] labels, int vocabulary)
    {
        var dlogits = new double[logits.Length];
        for (var r = 0; r < labels.Length; r++)
        {
            if (labels[r] == Unlabelled)
            {
                continue;
            }

            var lse = LogSumExp(logits.AsSpan(r * vocabulary, vocabulary));
            for (var c = 0; c < vocabulary; c++)
            {
                dlogits[(r * vocabulary) + c] = Math.Exp(logits[(r * vocabulary) + c] - lse) - (c == labels[r] ? 1 : 0);
            }
        }

        return dlogits;
    }

    private static double LogSumExp(ReadOnlySpan<double> values)
    {
        var max = double.NegativeInfinity;
        foreach (var value in values)
        {
            max = Math.Max(max, value);
        }

        var sum = 0.0;
        foreach (var value in values)
        {
            sum += Math.Exp(value - max);
        }

        return max + Math.Log(sum);
    }
}
