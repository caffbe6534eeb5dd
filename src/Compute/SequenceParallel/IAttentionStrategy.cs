using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

// Shape letters: B batch, T tokens on this rank, N query heads, K KV heads, H head dim.

/// <summary>How the attention of a whole sequence is computed from what this rank holds of it; one implementation per strategy.</summary>
public interface IAttentionStrategy
{
    /// <summary>Attends this rank's queries to every key that they may see, wherever it lives.</summary>
    /// <param name="q">Queries <c>[B, T, N, H]</c>, rotary applied at global positions; borrowed.</param>
    /// <param name="k">Keys <c>[B, T, K, H]</c>; borrowed.</param>
    /// <param name="v">Values <c>[B, T, K, H]</c>; borrowed.</param>
    /// <param name="masks">Documents of each sequence.</param>
    /// <param name="layer">Which layer, and its sliding window.</param>
    /// <param name="softmaxScale">Multiplied into q·k.</param>
    /// <param name="output">Written, <c>[B, T, N, H]</c>.</param>
    /// <param name="lse">Written, natural log, float32 <c>[B, T, N]</c>.</param>
    void Forward(in Tensor q, in Tensor k, in Tensor v, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor output, in Tensor lse);

    /// <summary>Gradients of <see cref="Forward"/>.</summary>
    /// <param name="q">As in forward.</param>
    /// <param name="k">As in forward.</param>
    /// <param name="v">As in forward.</param>
    /// <param name="dout">Gradient of the output <c>[B, T, N, H]</c>, type of q.</param>
    /// <param name="lse">As forward wrote it.</param>
    /// <param name="delta">Σ over H of output · dout, float32 <c>[B, T, N]</c>.</param>
    /// <param name="masks">As in forward.</param>
    /// <param name="layer">As in forward.</param>
    /// <param name="softmaxScale">As in forward.</param>
    /// <param name="dq">Written, float32, shape of q.</param>
    /// <param name="dk">Written, float32, shape of k.</param>
    /// <param name="dv">Written, float32, shape of v.</param>
    void Backward(
        in Tensor q, in Tensor k, in Tensor v, in Tensor dout, in Tensor lse, in Tensor delta, SequenceMasks masks, AttentionLayer layer, double softmaxScale,
        in Tensor dq, in Tensor dk, in Tensor dv);
}
