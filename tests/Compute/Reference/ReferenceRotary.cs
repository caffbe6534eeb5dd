namespace ActorRing.Compute.Specs.Reference;

/// <summary>
/// y[h] = x[h] cos - x[h + H/2] sin, y[h + H/2] = x[h + H/2] cos + x[h] sin. x and y <c>[B, T, N, H]</c>; cos and sin <c>[T, H/2]</c>.
/// Source: arXiv:2104.09864 in the half-split layout of Hugging Face Llama.
/// </summary>
internal static class ReferenceRotary
{
    internal static double[] Forward(double[] x, double[] cos, double[] sin, int batch, int tokens, int heads, int headSize)
    {
        var y = new double[x.Length];
        var half = headSize / 2;
        for (var b = 0; b < batch; b++)
        {
            for (var t = 0; t < tokens; t++)
            {
                for (var n = 0; n < heads; n++)
                {
                    for (var h = 0; h < half; h++)
                    {
                        var first = ((((((b * tokens) + t) * heads) + n) * headSize) + h);
                        var second = first + half;
                        var angle = (t * half) + h;
                        y[first] = (x[first] * cos[angle]) - (x[second] * sin[angle]);
                        y[second] = (x[second] * cos[angle]) + (x[first] * sin[angle]);
                    }
                }
            }
        }

        return y;
    }

    /// <summary>The transposed matrix is the rotation by the opposite angle.</summary>
    internal static double[] Backward(double[] dy, double[] cos, double[] sin, int batch, int tokens, int heads, int headSize) =>
        Forward(dy, cos, Array.ConvertAll(sin, value => -value), batch, tokens, heads, headSize);
}
