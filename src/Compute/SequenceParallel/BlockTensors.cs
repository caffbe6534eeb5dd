using ActorRing.Actors.Plans;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>A tensor of a block of tokens.</summary>
internal enum BlockPart
{
    Q,
    K,
    V,
    Dout,
    Lse,
    Delta,
}

/// <summary>What attention reads of one block: q, dout <c>[B, T, N, H]</c>, k, v <c>[B, T, K, H]</c>, lse, delta <c>[B, T, N]</c>; the last three in backward only.</summary>
internal readonly struct BlockTensors(Tensor q, Tensor k, Tensor v, Tensor dout = default, Tensor lse = default, Tensor delta = default)
{
    internal readonly Tensor Q = q;
    internal readonly Tensor K = k;
    internal readonly Tensor V = v;
    internal readonly Tensor Dout = dout;
    internal readonly Tensor Lse = lse;
    internal readonly Tensor Delta = delta;

    /// <summary>Some rows of a tensor of the block.</summary>
    internal Tensor Rows(BlockPart part, RowSlice rows) => RowsOf(
        part switch { BlockPart.Q => Q, BlockPart.K => K, BlockPart.V => V, BlockPart.Dout => Dout, BlockPart.Lse => Lse, _ => Delta }, rows);

    /// <summary>Rows <c>[sequences, rows, …]</c> of a tensor <c>[B, T, …]</c>.</summary>
    internal static Tensor RowsOf(in Tensor tensor, RowSlice rows) => tensor.Slice(0, rows.FirstSequence, rows.SequenceCount).Slice(1, rows.First, rows.Count);
}

/// <summary>Where gradients of a block go: dq <c>[B, T, N, H]</c>, dk, dv <c>[B, T, K, H]</c>, float32.</summary>
internal readonly struct BlockGradients(Tensor dq, Tensor dk, Tensor dv)
{
    internal readonly Tensor Dq = dq;
    internal readonly Tensor Dk = dk;
    internal readonly Tensor Dv = dv;
}
