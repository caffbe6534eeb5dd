using ActorRing.Native;

namespace ActorRing.Compute.Specs.Reference;

/// <summary>Adam with decoupled weight decay, in place. Source: arXiv:1711.05101, algorithm 2.</summary>
internal static class ReferenceAdamW
{
    internal static void Update(AdamWUpdate update, double[] g, double[] w, double[] m, double[] v)
    {
        for (var i = 0; i < w.Length; i++)
        {
            var gradient = update.GradientScale * g[i];
            m[i] = (update.Beta1 * m[i]) + ((1 - update.Beta1) * gradient);
            v[i] = (update.Beta2 * v[i]) + ((1 - update.Beta2) * gradient * gradient);
            var mean = m[i] / (1 - Math.Pow(update.Beta1, update.Step));
            var square = v[i] / (1 - Math.Pow(update.Beta2, update.Step));
            w[i] -= update.LearningRate * ((mean / (Math.Sqrt(square) + update.Epsilon)) + (update.WeightDecay * w[i]));
        }
    }
}
