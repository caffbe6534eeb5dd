using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>Told of every attention of a rank, on its compute thread: what happens there is a sign of life, and a place to wait or to fail on purpose.</summary>
public interface IAttentionWatch
{
    /// <summary>q, k and v of a layer are in place, attention has not begun.</summary>
    void Before(int layer, bool isBackward);

    /// <summary>Blocks that later ring steps need are about to be sent.</summary>
    /// <param name="layer">Of the model.</param>
    /// <param name="ringStep">The one that begins.</param>
    /// <param name="nextRingStep">The next one in which this rank has anything to do; past the last one of the ring where it has none.</param>
    /// <param name="isBackward">Which pass.</param>
    void Departing(int layer, int ringStep, int nextRingStep, bool isBackward);

    /// <summary>They have been: a transfer is under way.</summary>
    void Departed(int layer, int ringStep, bool isBackward);

    /// <summary>A transfer to this rank is over.</summary>
    /// <param name="sender">Of the sequence.</param>
    /// <param name="label">Which transfer.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="elapsed">From the asking to the having.</param>
    /// <param name="waited">The part of it in which this rank had nothing else to do.</param>
    void Arrived(SequenceRank sender, HopLabel label, long bytes, TimeSpan elapsed, TimeSpan waited);

    /// <summary>Attention of a layer is done.</summary>
    void After(int layer, bool isBackward);
}

/// <summary>An attention that says when it begins and ends.</summary>
/// <param name="attention">Borrowed.</param>
/// <param name="watch">Told.</param>
public sealed class WatchedAttention(IAttentionStrategy attention, IAttentionWatch watch) : IAttentionStrategy
{
    /// <inheritdoc/>
    public void Forward(in Tensor q, in Tensor k, in Tensor v, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor output, in Tensor lse)
    {
        watch.Before(layer.Index, isBackward: false);
        attention.Forward(q, k, v, masks, layer, softmaxScale, output, lse);
        watch.After(layer.Index, isBackward: false);
    }

    /// <inheritdoc/>
    public void Backward(
        in Tensor q, in Tensor k, in Tensor v, in Tensor dout, in Tensor lse, in Tensor delta, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor dq, in Tensor dk, in Tensor dv)
    {
        watch.Before(layer.Index, isBackward: true);
        attention.Backward(q, k, v, dout, lse, delta, masks, layer, softmaxScale, dq, dk, dv);
        watch.After(layer.Index, isBackward: true);
    }
}
