namespace ActorRing.Native;

// Shape letters: B batch, T tokens of the block, N query heads, K KV heads, H head dim.
public sealed unsafe partial class ComputeDevice
{
    /// <summary>Folds one KV block into a running attention and, with <see cref="AttentionPart.Last"/>, finishes it.</summary>
    /// <param name="q">Queries <c>[B, Tq, N, H]</c>, rotary applied.</param>
    /// <param name="k">Keys <c>[B, Tk, K, H]</c>.</param>
    /// <param name="v">Values <c>[B, Tk, K, H]</c>.</param>
    /// <param name="mask">Which keys a query sees.</param>
    /// <param name="softmaxScale">Multiplied into q·k.</param>
    /// <param name="part">Whether the running state is read and written.</param>
    /// <param name="state">Running state; may be absent for <see cref="AttentionPart.Whole"/>.</param>
    /// <param name="output">Result <c>[B, Tq, N, H]</c>; absent unless last.</param>
    /// <param name="lse">Natural-log LSE <c>[B, Tq, N]</c>, float32; absent unless last.</param>
    /// <exception cref="ArgumentException">The mask's block list has no row offsets, or one that points beyond its columns.</exception>
    public void AttentionForward(in Tensor q, in Tensor k, in Tensor v, in AttentionMask mask, double softmaxScale, AttentionPart part, in AttentionState state, in Tensor output, in Tensor lse)
    {
        fixed (NativeTensor* pq = &q.Native, pk = &k.Native, pv = &v.Native, ps = &state.Output.Native, pm = &state.RowMax.Native, pr = &state.RowSum.Native, po = &output.Native, pl = &lse.Native)
        fixed (long* documents = mask.DocumentStarts.Span, rows = Offsets(mask.Blocks), columns = Columns(mask.Blocks))
        {
            var native = Pack(mask, documents, rows, columns);
            var status = _library.AttentionForward(
                Context, pq, pk, pv, &native, softmaxScale, (int)part, Optional(state.Output, ps), Optional(state.RowMax, pm), Optional(state.RowSum, pr), Optional(output, po), Optional(lse, pl));
            Finish(status, q, k, v);
        }

        KeepAlive(state);
        GC.KeepAlive(output.Buffer);
        GC.KeepAlive(lse.Buffer);
    }

    /// <summary>Folds the running state of other keys into a running state of the same queries.</summary>
    /// <param name="part">What was computed elsewhere; read.</param>
    /// <param name="state">Read and written; same shapes.</param>
    public void AttentionMerge(in AttentionState part, in AttentionState state)
    {
        fixed (NativeTensor* po = &part.Output.Native, pm = &part.RowMax.Native, ps = &part.RowSum.Native)
        fixed (NativeTensor* so = &state.Output.Native, sm = &state.RowMax.Native, ss = &state.RowSum.Native)
        {
            Finish(_library.AttentionMerge(Context, po, pm, ps, so, sm, ss), part.Output, part.RowMax, part.RowSum);
        }

        KeepAlive(state);
    }

    /// <summary>Divides a running state: what <see cref="AttentionPart.Last"/> would have written.</summary>
    /// <param name="state">Read.</param>
    /// <param name="output">Written, <c>[B, T, N, H]</c>, float32 or bfloat16.</param>
    /// <param name="lse">Written, natural log, float32 <c>[B, T, N]</c>.</param>
    public void AttentionFinish(in AttentionState state, in Tensor output, in Tensor lse)
    {
        fixed (NativeTensor* so = &state.Output.Native, sm = &state.RowMax.Native, ss = &state.RowSum.Native, po = &output.Native, pl = &lse.Native)
        {
            Finish(_library.AttentionFinish(Context, so, sm, ss, po, pl), output, lse, default);
        }

        KeepAlive(state);
    }

    /// <summary>delta <c>[B, T, N]</c> = Σ over H of output · dout, float32; once per layer.</summary>
    public void AttentionDelta(in Tensor output, in Tensor dout, in Tensor delta)
    {
        fixed (NativeTensor* po = &output.Native, pg = &dout.Native, pd = &delta.Native)
        {
            Finish(_library.AttentionDelta(Context, po, pg, pd), output, dout, delta);
        }
    }

    /// <summary>Adds or writes one block's dq, dk, dv (float32) from the global lse and delta.</summary>
    /// <exception cref="ArgumentException">As in <see cref="AttentionForward"/>.</exception>
    public void AttentionBackward(
        in Tensor q, in Tensor k, in Tensor v, in Tensor dout, in Tensor lse, in Tensor delta, in AttentionMask mask, double softmaxScale, bool accumulate, in Tensor dq, in Tensor dk, in Tensor dv)
    {
        fixed (NativeTensor* pq = &q.Native, pk = &k.Native, pv = &v.Native, pg = &dout.Native, pl = &lse.Native, pd = &delta.Native, pdq = &dq.Native, pdk = &dk.Native, pdv = &dv.Native)
        fixed (long* documents = mask.DocumentStarts.Span, rows = Offsets(mask.Blocks), columns = Columns(mask.Blocks))
        {
            var native = Pack(mask, documents, rows, columns);
            Finish(_library.AttentionBackward(Context, pq, pk, pv, pg, pl, pd, &native, softmaxScale, accumulate ? 1 : 0, pdq, pdk, pdv), q, k, v);
        }

        GC.KeepAlive(dout.Buffer);
        GC.KeepAlive(lse.Buffer);
        GC.KeepAlive(delta.Buffer);
        GC.KeepAlive(dq.Buffer);
        GC.KeepAlive(dk.Buffer);
        GC.KeepAlive(dv.Buffer);
    }

    /// <summary>Scratch bytes that attention takes at these shapes, the larger of forward and backward.</summary>
    public long AttentionScratchBytes(in Tensor q, in Tensor k)
    {
        long bytes;
        fixed (NativeTensor* pq = &q.Native, pk = &k.Native)
        {
            Finish(_library.AttentionScratchBytes(Context, pq, pk, &bytes), q, k);
        }

        return bytes;
    }

    private static void KeepAlive(in AttentionState state)
    {
        GC.KeepAlive(state.Output.Buffer);
        GC.KeepAlive(state.RowMax.Buffer);
        GC.KeepAlive(state.RowSum.Buffer);
    }

    // An empty list has no address, and without one the native side would see no block list at all. What it cannot check is how long the columns are.
    private static ReadOnlySpan<long> Offsets(BlockList? blocks)
    {
        if (blocks is null)
        {
            return default;
        }

        var offsets = blocks.RowOffsets.Span;
        if (offsets.IsEmpty)
        {
            throw new ArgumentException("the block list has no row offsets; allowed: one more than query blocks");
        }

        var wrong = offsets.IndexOfAnyExceptInRange(0, blocks.Columns.Length);
        return wrong < 0
            ? offsets
            : throw new ArgumentException($"row offset {wrong} of the block list is {offsets[wrong]}; allowed: 0 to {blocks.Columns.Length}, the number of columns");
    }

    private static ReadOnlySpan<long> Columns(BlockList? blocks) => blocks is null ? default : blocks.Columns.Span;

    private static NativeAttentionMask Pack(in AttentionMask mask, long* documents, long* rows, long* columns) => new()
    {
        Causal = mask.Causal ? 1 : 0,
        QueryPosition = mask.QueryPosition,
        QueryStep = mask.QueryStep,
        KeyPosition = mask.KeyPosition,
        KeyStep = mask.KeyStep,
        Window = mask.Window,
        Sink = mask.Sink,
        DocumentStarts = documents,
        DocumentCount = mask.DocumentStarts.Length,
        BlockRowOffsets = rows,
        BlockColumns = columns,
        BlockRowCount = mask.Blocks is { } blocks ? blocks.RowOffsets.Length - 1 : 0,
        BlockSize = mask.Blocks?.BlockSize ?? 0,
    };
}
