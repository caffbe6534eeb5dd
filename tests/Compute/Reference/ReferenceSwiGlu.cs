namespace ActorRing.Compute.Specs.Reference;

/// <summary>y = silu(gate) up, silu(a) = a σ(a). gate, up and y have equal shapes. Source: arXiv:2002.05202.</summary>
internal static class ReferenceSwiGlu
{
    internal static double[] Forward(double[] gate, double[] up)
    {
        var y = new double[gate.Length];
        for (var i = 0; i < y.Length; i++)
        {
            y[i] = gate[i] * Sigmoid(gate[i]) * up[i];
        }

        return y;
    }

    internal static (double[] Dgate, double[] Dup) Backward(double[] gate, double[] up, double[] dy)
    {
        var dgate = new double[gate.Length];
        var dup = new double[gate.Length];
        for (var i = 0; i < gate.Length; i++)
        {
            var sigmoid = Sigmoid(gate[i]);
            dgate[i] = dy[i] * up[i] * (sigmoid + (gate[i] * sigmoid * (1 - sigmoid)));
            dup[i] = dy[i] * gate[i] * sigmoid;
        }

        return (dgate, dup);
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
