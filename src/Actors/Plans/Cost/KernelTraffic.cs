namespace ActorRing.Actors.Plans.Cost;

// N query heads, K KV heads, H head dim, D model dim, F MLP dim. Bytes are those of bfloat16 tensors.

/// <summary>Memory traffic of what is not a matrix product: what makes the same FLOPs take longer in unfused code.</summary>
/// <param name="WidthBytes">Bytes a token and layer for each number of D: two norms and two residual additions.</param>
/// <param name="QueryKeyBytes">For each number of (N + K) H: rotary embedding.</param>
/// <param name="MlpBytes">For each number of F: SwiGLU.</param>
/// <param name="MergeForwardBytes">For each number of an attention output, each time that a block's result is merged into it.</param>
/// <param name="MergeBackwardBytes">For each number of a gradient of q, k or v, each time that a block adds to it.</param>
/// <remarks>Backward moves about twice what forward does; recomputation moves forward's again.</remarks>
public sealed record KernelTraffic(double WidthBytes, double QueryKeyBytes, double MlpBytes, double MergeForwardBytes, double MergeBackwardBytes)
{
    /// <summary>
    /// Fused kernels, every tensor read and written once: norm 2 + 2 and residual 4 + 2 bytes, twice; rotary 2 + 2; SwiGLU 4 + 2; running (out, m, l) and
    /// gradients read and written in float32.
    /// </summary>
    public static KernelTraffic Fused { get; } = new(20, 4, 6, 8, 8);

    /// <summary>
    /// Transformers' Llama in eager PyTorch, counted operation by operation: a norm goes to float32 and back (36), a residual addition 6; rotary by halves,
    /// negated, joined, multiplied and added (20); SwiGLU 10. Merging as ring-flash-attention's own A100 table shows it: 8 ranks of 8192 tokens take 26.2
    /// instead of 21.4 ms forward and 94.3 instead of 84.5 ms both ways, which is 31 bytes an output number and 22 bytes a gradient number at 85 % of 2039
    /// GB/s.
    /// </summary>
    public static KernelTraffic Eager { get; } = new(84, 20, 10, 31, 22);

    /// <summary>Bytes that one token moves forward through one layer.</summary>
    public double ForwardBytes(ModelCost model) =>
        (WidthBytes * model.Width) + (QueryKeyBytes * (model.AttentionWidth + model.KvWidth)) + (MlpBytes * model.MlpWidth);
}
