using ActorRing.Native;

namespace ActorRing.Compute.Model;

// Shape letters: B batch, T tokens on this rank, R = B*T rows, D model dim, N query heads, K KV heads, H head dim, F MLP dim.

/// <summary>What one layer's forward pass leaves for its backward pass. A tensor that the recompute policy does not keep is the same shared memory in every layer's tape.</summary>
internal sealed class LayerTape
{
    /// <summary>Layer input <c>[R, D]</c>; always kept.</summary>
    internal required Tensor Input { get; init; }

    /// <summary>1/rms of the input <c>[R]</c>, float32.</summary>
    internal required Tensor InputRstd { get; init; }

    /// <summary>Rotated queries <c>[B, T, N, H]</c>, each head's rows side by side in memory.</summary>
    internal required Tensor Q { get; init; }

    /// <summary>Rotated keys <c>[B, T, K, H]</c>.</summary>
    internal required Tensor K { get; init; }

    /// <summary>Values <c>[B, T, K, H]</c>.</summary>
    internal required Tensor V { get; init; }

    /// <summary>Attention output <c>[R, N H]</c>.</summary>
    internal required Tensor Output { get; init; }

    /// <summary>Attention LSE <c>[B, T, N]</c>, float32.</summary>
    internal required Tensor Lse { get; init; }

    /// <summary>Residual stream between attention and MLP <c>[R, D]</c>.</summary>
    internal required Tensor Middle { get; init; }

    /// <summary>1/rms of the middle <c>[R]</c>, float32.</summary>
    internal required Tensor MiddleRstd { get; init; }

    /// <summary>Gate and up projections <c>[R, 2F]</c>; overwritten by its gradient in backward.</summary>
    internal required Tensor GateUp { get; init; }
}
