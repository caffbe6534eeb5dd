namespace ActorRing.Compute.Specs.Reference;

/// <summary>y[r] = table[ids[r]]. ids <c>[R]</c>, table <c>[V, D]</c>, y <c>[R, D]</c>.</summary>
internal static class ReferenceEmbedding
{
    internal static double[] Forward(int[] ids, double[] table, int size)
    {
        var y = new double[ids.Length * size];
        for (var r = 0; r < ids.Length; r++)
        {
            Array.Copy(table, ids[r] * size, y, r * size, size);
        }

        return y;
    }

    /// <returns>dtable <c>[V, D]</c>: the rows of dy added up by id.</returns>
    internal static double[] Backward(int[] ids, double[] dy, int vocabulary, int size)
    {
        var dtable = new double[vocabulary * size];
        for (var r = 0; r < ids.Length; r++)
        {
            for (var d = 0; d < size; d++)
            {
                dtable[(ids[r] * size) + d] += dy[(r * size) + d];
            }
        }

        return dtable;
    }
}
