namespace ActorRing.Compute.Specs.Reference;

/// <summary>Sizes of a Llama: D model dim, N query heads, K KV heads, H head dim, F MLP dim, V vocabulary.</summary>
/// <param name="D">Model dim.</param>
/// <param name="N">Query heads.</param>
/// <param name="K">KV heads.</param>
/// <param name="H">Head dim.</param>
/// <param name="F">MLP dim.</param>
/// <param name="V">Vocabulary.</param>
/// <param name="RmsEpsilon">Epsilon of every norm.</param>
/// <param name="Windows">One per layer: its sliding window in tokens, 0 for none.</param>
/// <param name="TiedHead">Whether the LM head is the embedding.</param>
internal sealed record ReferenceLlamaDims(int D, int N, int K, int H, int F, int V, double RmsEpsilon, IReadOnlyList<long> Windows, bool TiedHead)
{
    internal int L => Windows.Count;
}

/// <summary>What one batch feeds to the model beside its parameters.</summary>
/// <param name="Batch">Sequences of equal length T.</param>
/// <param name="Ids"><c>[B*T]</c>.</param>
/// <param name="Labels"><c>[B*T]</c>: what each row should predict, -100 where nothing is asked; not shifted here.</param>
/// <param name="Cos"><c>[T, H/2]</c>, attention scaling of the rope type included.</param>
/// <param name="Sin"><c>[T, H/2]</c>.</param>
/// <param name="DocumentStarts">Positions at which packed documents start, equal for every sequence; null for one document.</param>
internal sealed record ReferenceBatch(int Batch, int[] Ids, int[] Labels, double[] Cos, double[] Sin, long[]? DocumentStarts)
{
    internal int T => Ids.Length / Batch;
}

/// <summary>A loss with the gradient of its mean over labelled tokens, by Hugging Face name.</summary>
internal sealed record ReferenceGradients(double LossSum, long LabelCount, IReadOnlyDictionary<string, double[]> Gradients);
