using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

// Shape letters: B batch, T tokens of this rank's block, N query heads and K KV heads of this rank, H head dim.

/// <summary>The gradients of one block and of the blocks that pass through it, float32, over the steps of a pass.</summary>
internal sealed class BackwardPass
{
    private const bool Accumulate = true;

    private readonly BlockContext _context;
    private readonly LayerSchedule _schedule;
    private readonly BlockTensors _own;
    private readonly BlockGradients _home;
    private readonly double _softmaxScale;

    /// <summary>Begins with gradients of zero.</summary>
    internal BackwardPass(BlockContext context, LayerSchedule schedule, in BlockTensors own, in BlockGradients home, double softmaxScale)
    {
        _context = context;
        _schedule = schedule;
        _own = own;
        _home = home;
        _softmaxScale = softmaxScale;
        context.Device.Fill(0, home.Dq);
        context.Device.Fill(0, home.Dk);
        context.Device.Fill(0, home.Dv);
    }

    /// <summary>Zeroed sums of what a step computes for other blocks; they leave when the step is done.</summary>
    internal Dictionary<RingRank, RowMessage> Sums(RankStep step)
    {
        var sums = new Dictionary<RingRank, RowMessage>();
        foreach (var transfer in step.Results)
        {
            var sum = _context.Staging.Message(transfer.Rows, MessageFields.Sums(_context.Plan, transfer));
            for (var field = 0; field < sum.FieldCount; field++)
            {
                _context.Device.Fill(0, sum.Flat(field));
            }

            sums.Add(transfer.Origin, sum);
        }

        return sums;
    }

    /// <summary>Adds one call's dq, dk and dv.</summary>
    /// <param name="call">Which rows of which blocks.</param>
    /// <param name="here">Blocks that have arrived.</param>
    /// <param name="sums">See <see cref="Sums"/>.</param>
    internal void Add(in BlockCall call, IReadOnlyDictionary<RingRank, RowMessage> here, IReadOnlyDictionary<RingRank, RowMessage> sums)
    {
        var mine = _schedule.Steps.Block;
        var (queries, keys) = (BlockContext.QueriesOf(call), BlockContext.KeysOf(call));
        var own = _own;
        Tensor q, dout, lse, delta, dq, k, v, dk, dv;
        if (call.QueryBlock == mine)
        {
            (q, dout) = (own.Rows(BlockPart.Q, queries), own.Rows(BlockPart.Dout, queries));
            (lse, delta) = (own.Rows(BlockPart.Lse, queries), own.Rows(BlockPart.Delta, queries));
            dq = BlockTensors.RowsOf(_home.Dq, queries);
        }
        else
        {
            var asked = here[call.QueryBlock];
            (q, dout) = (asked.View(0, queries), asked.View(1, queries));
            (lse, delta) = (asked.View(2, queries), asked.View(3, queries));
            dq = sums[call.QueryBlock].View(0, queries);
        }

        if (call.KeyBlock == mine)
        {
            (k, v) = (own.Rows(BlockPart.K, keys), own.Rows(BlockPart.V, keys));
            (dk, dv) = (BlockTensors.RowsOf(_home.Dk, keys), BlockTensors.RowsOf(_home.Dv, keys));
        }
        else
        {
            var (given, sum) = (here[call.KeyBlock], sums[call.KeyBlock]);
            (k, v) = (given.View(0, keys), given.View(1, keys));
            (dk, dv) = (sum.View(0, keys), sum.View(1, keys));
        }

        foreach (var (query, key) in _schedule.Steps.Segments)
        {
            _context.Device.AttentionBackward(
                BlockContext.HeadsOf(q, query), BlockContext.HeadsOf(k, key), BlockContext.HeadsOf(v, key), BlockContext.HeadsOf(dout, query), BlockContext.HeadsOf(lse, query),
                BlockContext.HeadsOf(delta, query), BlockContext.MaskOf(_schedule.Pattern, call), _softmaxScale, Accumulate,
                BlockContext.HeadsOf(dq, query), BlockContext.HeadsOf(dk, key), BlockContext.HeadsOf(dv, key));
        }
    }

    /// <summary>Adds a sum that has come: to what this rank sends on, or, at home, to its gradients.</summary>
    internal void Merge(Transfer transfer, RowMessage come, IReadOnlyDictionary<RingRank, RowMessage> sums)
    {
        var home = transfer.Payload == Payload.QueryGradient ? (ReadOnlySpan<Tensor>)[_home.Dq] : [_home.Dk, _home.Dv];
        foreach (var rows in transfer.Rows.Slices)
        {
            for (var field = 0; field < come.FieldCount; field++)
            {
                var sum = transfer.Origin == _schedule.Steps.Block ? BlockTensors.RowsOf(home[field], rows) : sums[transfer.Origin].View(field, rows);
                _context.Device.Add(1, come.View(field, rows), sum);
            }
        }
    }

    /// <summary>A sum as it travels: float32 as it is; in bfloat16, on request, rounded for this hop.</summary>
    internal RowMessage OnTheWire(Transfer transfer, RowMessage sum)
    {
        if (_context.Plan.GradientFormat == ElementFormat.Float32)
        {
            return sum;
        }

        var message = _context.Staging.Message(transfer.Rows, MessageFields.Of(_context.Plan, transfer));
        for (var field = 0; field < message.FieldCount; field++)
        {
            _context.Device.Copy(sum.Flat(field), message.Flat(field));
        }

        _context.Staging.Release(sum);
        return message;
    }
}
