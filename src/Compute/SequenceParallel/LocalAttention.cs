using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>The whole sequence lies on this rank: one block, nothing moves. P = 1 of every strategy.</summary>
/// <param name="device">Computes; borrowed.</param>
/// <param name="sink">Positions at a document's start that stay visible outside a layer's window.</param>
public sealed class LocalAttention(ComputeDevice device, long sink = 0) : IAttentionStrategy
{
    /// <inheritdoc/>
    public void Forward(in Tensor q, in Tensor k, in Tensor v, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor output, in Tensor lse)
    {
        ArgumentNullException.ThrowIfNull(masks);
        if (!masks.HasDocuments)
        {
            device.AttentionForward(q, k, v, new AttentionMask { Window = layer.Window, Sink = sink }, softmaxScale, AttentionPart.Whole, default, output, lse);
            return;
        }

        // Sequences of a batch hold different documents, hence different masks.
        for (var b = 0; b < masks.Batch; b++)
        {
            var mask = new AttentionMask { Window = layer.Window, Sink = sink, DocumentStarts = masks.DocumentStarts(b) };
            device.AttentionForward(q.Slice(0, b, 1), k.Slice(0, b, 1), v.Slice(0, b, 1), mask, softmaxScale, AttentionPart.Whole, default, output.Slice(0, b, 1), lse.Slice(0, b, 1));
        }
    }

    /// <inheritdoc/>
    public void Backward(
        in Tensor q, in Tensor k, in Tensor v, in Tensor dout, in Tensor lse, in Tensor delta, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor dq, in Tensor dk, in Tensor dv)
    {
        ArgumentNullException.ThrowIfNull(masks);
        if (!masks.HasDocuments)
        {
            device.AttentionBackward(q, k, v, dout, lse, delta, new AttentionMask { Window = layer.Window, Sink = sink }, softmaxScale, accumulate: false, dq, dk, dv);
            return;
        }

        for (var b = 0; b < masks.Batch; b++)
        {
            var mask = new AttentionMask { Window = layer.Window, Sink = sink, DocumentStarts = masks.DocumentStarts(b) };
            device.AttentionBackward(
                q.Slice(0, b, 1), k.Slice(0, b, 1), v.Slice(0, b, 1), dout.Slice(0, b, 1), lse.Slice(0, b, 1), delta.Slice(0, b, 1),
                mask, softmaxScale, accumulate: false, dq.Slice(0, b, 1), dk.Slice(0, b, 1), dv.Slice(0, b, 1));
        }
    }
}
