using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

// Shape letters: B batch, T tokens of the block, t tokens of this rank's piece of it, N query heads and K KV heads of the model, n and k of this rank, H head dim.

/// <summary>One tensor on both sides of an exchange.</summary>
/// <param name="Piece">All heads of this rank's tokens: <c>[B, t, N or K, H]</c> or <c>[B, t, N]</c>.</param>
/// <param name="Block">This rank's heads of all tokens: <c>[B, T, n or k, H]</c> or <c>[B, T, n]</c>.</param>
/// <param name="IsOfKeys">Whether its heads are KV heads.</param>
internal readonly record struct Exchanged(Tensor Piece, Tensor Block, bool IsOfKeys = false);

/// <summary>Exchanges tokens for heads and back: all heads of a piece of a block become all tokens of some heads.</summary>
/// <remarks>
/// Fields are in the order of the payload. What stays on the rank is copied, not sent. Source: arXiv:2309.14509 (DeepSpeed-Ulysses).
/// </remarks>
internal sealed class HeadExchanger(BlockContext context)
{
    /// <summary>Tokens to heads: reads pieces, writes blocks.</summary>
    internal void ToHeads(HeadExchange exchange, AllToAll transfers, AttentionLayer layer, params Exchanged[] fields) => Move(
        transfers,
        layer,
        (transfer, message) =>
        {
            for (var field = 0; field < fields.Length; field++)
            {
                context.Device.Copy(HeadsOf(fields[field].Piece, HeadsIn(transfer, fields[field])), message.View(field, RowsIn(transfer)));
            }
        },
        () =>
        {
            foreach (var field in fields)
            {
                context.Device.Copy(HeadsOf(field.Piece, HeadsHere(exchange, field)), RowsHere(field.Block, exchange.Piece));
            }
        },
        (transfer, message) =>
        {
            for (var field = 0; field < fields.Length; field++)
            {
                context.Device.Copy(message.View(field, RowsIn(transfer)), BlockTensors.RowsOf(fields[field].Block, RowsIn(transfer)));
            }
        });

    /// <summary>Heads to tokens: reads blocks, writes pieces. Where several ranks computed parts of a KV head's gradient, they are summed in ascending order.</summary>
    internal void ToTokens(HeadExchange exchange, AllToAll transfers, AttentionLayer layer, params Exchanged[] fields)
    {
        foreach (var field in fields)
        {
            if (field.IsOfKeys)
            {
                context.Device.Fill(0, field.Piece);
            }
        }

        var ownIsDone = false;
        Move(
            transfers,
            layer,
            (transfer, message) =>
            {
                for (var field = 0; field < fields.Length; field++)
                {
                    context.Device.Copy(BlockTensors.RowsOf(fields[field].Block, RowsIn(transfer)), message.View(field, RowsIn(transfer)));
                }
            },
            () => { },
            (transfer, message) =>
            {
                if (!ownIsDone && transfer.From.Index > transfer.To.Index)
                {
                    TakeOwn();
                }

                for (var field = 0; field < fields.Length; field++)
                {
                    Take(message.View(field, RowsIn(transfer)), HeadsOf(fields[field].Piece, HeadsIn(transfer, fields[field])), fields[field].IsOfKeys);
                }
            });
        if (!ownIsDone)
        {
            TakeOwn();
        }

        void TakeOwn()
        {
            ownIsDone = true;
            foreach (var field in fields)
            {
                Take(RowsHere(field.Block, exchange.Piece), HeadsOf(field.Piece, HeadsHere(exchange, field)), field.IsOfKeys);
            }
        }
    }

    private void Take(in Tensor from, in Tensor to, bool isSum)
    {
        if (isSum)
        {
            context.Device.Add(1, from, to);
        }
        else
        {
            context.Device.Copy(from, to);
        }
    }

    private void Move(AllToAll transfers, AttentionLayer layer, Action<Transfer, RowMessage> pack, Action meanwhile, Action<Transfer, RowMessage> unpack)
    {
        var link = context.Links.Blocks;
        var coming = transfers.Receives.Select(transfer => new Arrival(context, link, layer, transfer)).ToList();
        foreach (var transfer in transfers.Sends)
        {
            var message = context.Staging.Message(transfer.Rows, MessageFields.Of(context.Plan, transfer));
            pack(transfer, message);
            context.Leaving.Add(transfer, message, link.Send(message.Bytes, transfer.To.Index, StepHops.LabelOf(layer, transfer)));
        }

        meanwhile();
        foreach (var arrival in coming)
        {
            var message = arrival.Wait();
            unpack(arrival.Transfer, message);
            context.Staging.Release(message);
        }

        context.Leaving.EndPass();
    }

    // An exchange moves neighbouring rows of all sequences: one slice.
    private static RowSlice RowsIn(Transfer transfer) => transfer.Rows.Slices[0];

    private static HeadSpan HeadsIn(Transfer transfer, in Exchanged field) => field.IsOfKeys ? transfer.KeyHeads : transfer.QueryHeads;

    private static HeadSpan HeadsHere(HeadExchange exchange, in Exchanged field) => field.IsOfKeys ? exchange.KeyHeads : exchange.QueryHeads;

    private static Tensor HeadsOf(in Tensor tensor, HeadSpan heads) => BlockContext.HeadsOf(tensor, heads);

    private static Tensor RowsHere(in Tensor block, RowRange piece) => block.Slice(1, piece.First, piece.Count);
}
