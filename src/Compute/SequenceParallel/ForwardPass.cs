using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

// Shape letters: B batch, T tokens of this rank's block, N query heads of this rank, H head dim.

/// <summary>The running attention of one block's queries (out, row_max, row_sum; float32) over the steps of a pass.</summary>
internal sealed class ForwardPass
{
    private readonly BlockContext _context;
    private readonly LayerSchedule _schedule;
    private readonly BlockTensors _own;
    private readonly double _softmaxScale;
    private readonly RowMessage _state;
    private readonly bool _isHelped;

    internal ForwardPass(BlockContext context, LayerSchedule schedule, in BlockTensors own, double softmaxScale)
    {
        _context = context;
        _schedule = schedule;
        _own = own;
        _softmaxScale = softmaxScale;
        _isHelped = schedule.Steps.Forward.Any(step => step.Merges.Length > 0);
        _state = context.Staging.Message(RowSet.OfAll((int)own.Q.Size(0), new RowRange(0, own.Q.Size(1))), MessageFields.Partial((int)own.Q.Size(2), (int)own.Q.Size(3)));
    }

    /// <summary>Running states of the queries that this rank helps with in a step: computed in the message that takes them home.</summary>
    internal Dictionary<RingRank, RowMessage> Answers(RankStep step) =>
        step.Results.ToDictionary(transfer => transfer.Origin, transfer => _context.Staging.Message(transfer.Rows, MessageFields.Of(_context.Plan, transfer)));

    /// <summary>One call of block attention.</summary>
    /// <param name="call">Which rows of which blocks.</param>
    /// <param name="here">Blocks that have arrived.</param>
    /// <param name="answers">See <see cref="Answers"/>.</param>
    /// <param name="output">Written by the last call of a run of queries, <c>[B, T, N, H]</c>.</param>
    /// <param name="lse">Written with it, <c>[B, T, N]</c>.</param>
    internal void Attend(in BlockCall call, IReadOnlyDictionary<RingRank, RowMessage> here, IReadOnlyDictionary<RingRank, RowMessage> answers, in Tensor output, in Tensor lse)
    {
        var mine = _schedule.Steps.Block;
        var (queries, keys) = (BlockContext.QueriesOf(call), BlockContext.KeysOf(call));
        var helps = call.QueryBlock != mine;
        var q = helps ? here[call.QueryBlock].View(0, queries) : _own.Rows(BlockPart.Q, queries);
        var (k, v) = call.KeyBlock == mine
            ? (_own.Rows(BlockPart.K, keys), _own.Rows(BlockPart.V, keys))
            : (here[call.KeyBlock].View(0, keys), here[call.KeyBlock].View(1, keys));
        var state = StateOf(helps ? answers[call.QueryBlock] : _state, queries);

        // Whoever is helped is done only when the last partial result has been folded in.
        var isLast = call.IsLast && !helps && !_isHelped;
        var part = (call.IsFirst ? AttentionPart.First : 0) | (isLast ? AttentionPart.Last : 0);
        foreach (var (query, key) in _schedule.Steps.Segments)
        {
            _context.Device.AttentionForward(
                BlockContext.HeadsOf(q, query), BlockContext.HeadsOf(k, key), BlockContext.HeadsOf(v, key), BlockContext.MaskOf(_schedule.Pattern, call), _softmaxScale, part, HeadsOf(state, query),
                isLast ? BlockContext.HeadsOf(BlockTensors.RowsOf(output, queries), query) : default, isLast ? BlockContext.HeadsOf(BlockTensors.RowsOf(lse, queries), query) : default);
        }
    }

    /// <summary>Folds a helper's running state into this rank's.</summary>
    internal void Fold(RowMessage partial)
    {
        foreach (var rows in partial.Rows.Slices)
        {
            _context.Device.AttentionMerge(StateOf(partial, rows), StateOf(_state, rows));
        }
    }

    /// <summary>Ends the pass. Writes what the calls could not, because helpers' results came after them.</summary>
    internal void End(in Tensor output, in Tensor lse)
    {
        if (_isHelped)
        {
            _context.Device.AttentionFinish(StateOf(_state, _state.Rows.Slices[0]), output, lse);
        }

        _context.Staging.Release(_state);
    }

    private static AttentionState StateOf(RowMessage message, RowSlice rows) => new(message.View(0, rows), message.View(1, rows), message.View(2, rows));

    private static AttentionState HeadsOf(in AttentionState state, HeadSpan heads) =>
        new(BlockContext.HeadsOf(state.Output, heads), BlockContext.HeadsOf(state.RowMax, heads), BlockContext.HeadsOf(state.RowSum, heads));
}
