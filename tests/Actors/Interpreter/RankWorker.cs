using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Interpreter;

/// <summary>One rank that carries out its schedule in float64. It knows its own rows and what messages brought, nothing else.</summary>
internal sealed class RankWorker
{
    private readonly SequenceParallelPlan _plan;
    private readonly AttentionPattern _pattern;
    private readonly TokenLayout _layout;
    private readonly SortedDictionary<int, BlockState> _blocks = [];

    internal RankWorker(AttentionSchedule schedule, RankSchedule view, AttentionProblem problem)
    {
        (_plan, _pattern, _layout, View) = (schedule.Plan, schedule.Pattern, schedule.RingLayout, view);
        var shares = _plan.HeadShares();
        var index = _plan.Mesh.HeadIndexOf(view.Rank);
        (QueryHeads, KeyHeads) = (shares.Queries(index), shares.Keys(index));
        Piece = view.Exchange?.Piece ?? new(0, _layout.Count(view.Block.Index));
        Local = new(_plan.Batch, _plan.QueryHeads, _plan.KeyHeads, Piece.Count, _plan.HeadSize);
        var rows = RowSet.OfAll(_plan.Batch, new(0, Piece.Count));
        for (var row = 0L; row < Piece.Count; row++)
        {
            // Positions by the layout of sequence ranks: an exchange that mixed up pieces would be found out.
            var position = RowSet.OfAll(_plan.Batch, new(_plan.SequenceLayout().PositionOf(view.Rank.Index, row), 1));
            var here = RowSet.OfAll(_plan.Batch, new(row, 1));
            Local.Q.Unpack(here, AllQueries, problem.Q.Pack(position, AllQueries));
            Local.Dout.Unpack(here, AllQueries, problem.Dout.Pack(position, AllQueries));
            Local.K.Unpack(here, AllKeys, problem.K.Pack(position, AllKeys));
            Local.V.Unpack(here, AllKeys, problem.V.Pack(position, AllKeys));
        }
    }

    internal RankSchedule View { get; }

    /// <summary>Rows of the block that this rank holds outside the exchanges, all heads.</summary>
    internal BlockState Local { get; }

    internal RowRange Piece { get; }

    internal Grid? Out { get; private set; }

    private HeadSpan QueryHeads { get; }

    private HeadSpan KeyHeads { get; }

    private HeadSpan AllQueries => new(0, _plan.QueryHeads);

    private HeadSpan AllKeys => new(0, _plan.KeyHeads);

    private RowSet PieceRows => RowSet.OfAll(_plan.Batch, Piece);

    internal BlockState Block(RingRank block)
    {
        if (!_blocks.TryGetValue(block.Index, out var state))
        {
            _blocks[block.Index] = state = new(_plan.Batch, QueryHeads.Count, KeyHeads.Count, _layout.Count(block.Index), _plan.HeadSize);
        }

        return state;
    }

    /// <summary>What of its own piece a rank attends with itself.</summary>
    internal void KeepOwn(SchedulePass pass)
    {
        var block = Block(View.Block);
        if (pass == SchedulePass.Forward || !_plan.KeepsExchanged)
        {
            block.Q.Unpack(PieceRows, Mine(block.Q), Local.Q.Pack(PieceRows, QueryHeads, Piece.First));
            block.K.Unpack(PieceRows, Mine(block.K), Local.K.Pack(PieceRows, KeyHeads, Piece.First));
            block.V.Unpack(PieceRows, Mine(block.V), Local.V.Pack(PieceRows, KeyHeads, Piece.First));
        }

        if (pass == SchedulePass.Backward)
        {
            block.Dout.Unpack(PieceRows, Mine(block.Q), Local.Dout.Pack(PieceRows, QueryHeads, Piece.First));
            block.Lse.Unpack(PieceRows, Mine(block.Q), Local.Lse.Pack(PieceRows, QueryHeads, Piece.First));
            block.Delta.Unpack(PieceRows, Mine(block.Q), Local.Delta.Pack(PieceRows, QueryHeads, Piece.First));
        }
    }

    /// <summary>Forgets what was attended with, as a rank does between forward and backward.</summary>
    internal void Forget()
    {
        var kept = Block(View.Block);
        _blocks.Clear();
        if (_plan.KeepsExchanged)
        {
            var block = Block(View.Block);
            var all = RowSet.OfAll(_plan.Batch, new(0, kept.Q.Rows));
            block.Q.Unpack(all, Mine(block.Q), kept.Q.Pack(all, Mine(kept.Q)));
            block.K.Unpack(all, Mine(block.K), kept.K.Pack(all, Mine(kept.K)));
            block.V.Unpack(all, Mine(block.V), kept.V.Pack(all, Mine(kept.V)));
        }
    }

    /// <summary>Divides the running state: out and lse of the block; its own piece goes to the rows that it holds.</summary>
    internal void Finish()
    {
        var block = Block(View.Block);
        Out ??= new(_plan.Batch, _plan.QueryHeads, Piece.Count, _plan.HeadSize);
        for (var b = 0; b < _plan.Batch; b++)
        {
            for (var head = 0; head < QueryHeads.Count; head++)
            {
                for (var row = 0L; row < block.Q.Rows; row++)
                {
                    block.Lse[b, head, row][0] = block.RowMax[b, head, row][0] + Math.Log(block.RowSum[b, head, row][0]);
                    foreach (ref var value in block.Sum[b, head, row])
                    {
                        value /= block.RowSum[b, head, row][0];
                    }
                }
            }
        }

        Out.Unpack(PieceRows, QueryHeads, block.Sum.Pack(PieceRows, Mine(block.Sum)), Piece.First);
        Local.Lse.Unpack(PieceRows, QueryHeads, block.Lse.Pack(PieceRows, Mine(block.Lse)), Piece.First);
    }

    internal void ComputeDelta()
    {
        for (var b = 0; b < _plan.Batch; b++)
        {
            for (var head = 0; head < _plan.QueryHeads; head++)
            {
                for (var row = 0L; row < Piece.Count; row++)
                {
                    Local.Delta[b, head, row][0] = AttentionProblem.Dot(Out![b, head, row], Local.Dout[b, head, row]);
                }
            }
        }
    }

    /// <summary>Gradients of its own piece that it computed itself, onto what others send.</summary>
    internal void KeepOwnGradients()
    {
        var block = Block(View.Block);
        Local.Dq.AddPacked(PieceRows, QueryHeads, block.Dq.Pack(PieceRows, Mine(block.Dq)), Piece.First);
        Local.Dk.AddPacked(PieceRows, KeyHeads, block.Dk.Pack(PieceRows, Mine(block.Dk)), Piece.First);
        Local.Dv.AddPacked(PieceRows, KeyHeads, block.Dv.Pack(PieceRows, Mine(block.Dv)), Piece.First);
    }

    internal void Attend(BlockCall call, SchedulePass pass)
    {
        if (pass == SchedulePass.Forward && call.IsFirst)
        {
            Block(call.QueryBlock).Begin(call, new(0, QueryHeads.Count));
        }

        foreach (var segment in View.Segments)
        {
            for (var head = segment.Queries.First; head < segment.Queries.End; head++)
            {
                var keyHead = segment.Keys.First + ((head - segment.Queries.First) / (segment.Queries.Count / segment.Keys.Count));
                for (var b = call.FirstSequence; b < call.FirstSequence + call.SequenceCount; b++)
                {
                    for (var i = 0L; i < call.Queries.Count; i++)
                    {
                        var keys = Enumerable.Range(0, (int)call.Keys.Count)
                            .Where(j => AttentionProblem.Sees(_pattern, b, call.Queries.At(i), call.Keys.At(j))).ToArray();
                        if (keys.Length > 0 && pass == SchedulePass.Forward)
                        {
                            AttendRow(call, b, head, keyHead, i, keys);
                        }
                        else if (keys.Length > 0)
                        {
                            BackwardRow(call, b, head, keyHead, i, keys);
                        }
                    }
                }
            }
        }
    }

    internal Message Pack(Transfer transfer)
    {
        var (rows, block) = (transfer.Rows, Block(transfer.Origin));
        var (q, k) = (Mine(block.Q), Mine(block.K));
        var (queries, keys) = (transfer.QueryHeads, transfer.KeyHeads);
        return new(transfer, transfer.Payload switch
        {
            Payload.KeyValue => [block.K.Pack(rows, k), block.V.Pack(rows, k)],
            Payload.KeyValueGradient => [block.Dk.Pack(rows, k), block.Dv.Pack(rows, k)],
            Payload.Query => [block.Q.Pack(rows, q)],
            Payload.PartialOutput => [block.Sum.Pack(rows, q), block.RowMax.Pack(rows, q), block.RowSum.Pack(rows, q)],
            Payload.QueryAndOutputGradient => [block.Q.Pack(rows, q), block.Dout.Pack(rows, q), block.Lse.Pack(rows, q), block.Delta.Pack(rows, q)],
            Payload.QueryGradient => [block.Dq.Pack(rows, q)],
            Payload.HeadsIn => LocalInputs(rows, queries, keys),
            Payload.HeadsOut => [block.Sum.Pack(rows, q), block.Lse.Pack(rows, q)],
            Payload.HeadGradientsIn =>
            [
                Local.Dout.Pack(rows, queries, Piece.First), Local.Lse.Pack(rows, queries, Piece.First), Local.Delta.Pack(rows, queries, Piece.First),
                .. _plan.KeepsExchanged ? [] : LocalInputs(rows, queries, keys),
            ],
            _ => [block.Dq.Pack(rows, q), block.Dk.Pack(rows, k), block.Dv.Pack(rows, k)],
        });
    }

    internal void Unpack(Message message)
    {
        var (transfer, parts) = message;
        var (rows, block) = (transfer.Rows, Block(transfer.Origin));
        var (q, k) = (Mine(block.Q), Mine(block.K));
        switch (transfer.Payload)
        {
            case Payload.KeyValue:
                block.K.Unpack(rows, k, parts[0]);
                block.V.Unpack(rows, k, parts[1]);
                break;
            case Payload.KeyValueGradient:
                block.Dk.AddPacked(rows, k, parts[0]);
                block.Dv.AddPacked(rows, k, parts[1]);
                break;
            case Payload.Query:
                block.Q.Unpack(rows, q, parts[0]);
                break;
            case Payload.PartialOutput:
                MergePartial(block, rows, parts);
                break;
            case Payload.QueryAndOutputGradient:
                block.Q.Unpack(rows, q, parts[0]);
                block.Dout.Unpack(rows, q, parts[1]);
                block.Lse.Unpack(rows, q, parts[2]);
                block.Delta.Unpack(rows, q, parts[3]);
                break;
            case Payload.QueryGradient:
                block.Dq.AddPacked(rows, q, parts[0]);
                break;
            case Payload.HeadsIn:
                UnpackInputs(block, rows, parts, 0);
                break;
            case Payload.HeadsOut:
                Out!.Unpack(rows, transfer.QueryHeads, parts[0], Piece.First);
                Local.Lse.Unpack(rows, transfer.QueryHeads, parts[1], Piece.First);
                break;
            case Payload.HeadGradientsIn:
                block.Dout.Unpack(rows, q, parts[0]);
                block.Lse.Unpack(rows, q, parts[1]);
                block.Delta.Unpack(rows, q, parts[2]);
                if (!_plan.KeepsExchanged)
                {
                    UnpackInputs(block, rows, parts, 3);
                }

                break;
            default:
                Local.Dq.AddPacked(rows, transfer.QueryHeads, parts[0], Piece.First);
                Local.Dk.AddPacked(rows, transfer.KeyHeads, parts[1], Piece.First);
                Local.Dv.AddPacked(rows, transfer.KeyHeads, parts[2], Piece.First);
                break;
        }
    }

    private static HeadSpan Mine(Grid grid) => new(0, grid.Heads);

    private double[][] LocalInputs(RowSet rows, HeadSpan queries, HeadSpan keys) =>
        [Local.Q.Pack(rows, queries, Piece.First), Local.K.Pack(rows, keys, Piece.First), Local.V.Pack(rows, keys, Piece.First)];

    private static void UnpackInputs(BlockState block, RowSet rows, double[][] parts, int at)
    {
        block.Q.Unpack(rows, Mine(block.Q), parts[at]);
        block.K.Unpack(rows, Mine(block.K), parts[at + 1]);
        block.V.Unpack(rows, Mine(block.V), parts[at + 2]);
    }

    private void MergePartial(BlockState block, RowSet rows, double[][] parts)
    {
        var partial = new BlockState(_plan.Batch, QueryHeads.Count, KeyHeads.Count, block.Q.Rows, _plan.HeadSize);
        partial.Sum.Unpack(rows, Mine(block.Q), parts[0]);
        partial.RowMax.Unpack(rows, Mine(block.Q), parts[1]);
        partial.RowSum.Unpack(rows, Mine(block.Q), parts[2]);
        for (var b = 0; b < _plan.Batch; b++)
        {
            for (var head = 0; head < QueryHeads.Count; head++)
            {
                for (var row = 0L; row < block.Q.Rows; row++)
                {
                    if (rows.Contains(b, row))
                    {
                        block.Merge(b, head, row, partial.Sum[b, head, row], partial.RowMax[b, head, row][0], partial.RowSum[b, head, row][0]);
                    }
                }
            }
        }
    }

    private void AttendRow(BlockCall call, int b, int head, int keyHead, long i, int[] keys)
    {
        BlockState own = Block(call.QueryBlock), other = Block(call.KeyBlock);
        var query = own.Q[b, head, call.QueryFirst + i];
        var scores = new double[keys.Length];
        for (var at = 0; at < keys.Length; at++)
        {
            scores[at] = AttentionProblem.Scale(_plan) * AttentionProblem.Dot(query, other.K[b, keyHead, call.KeyFirst + keys[at]]);
        }

        double max = scores.Max(), total = 0;
        var sum = new double[_plan.HeadSize];
        for (var at = 0; at < keys.Length; at++)
        {
            var weight = Math.Exp(scores[at] - max);
            total += weight;
            AttentionProblem.AddScaled(sum, weight, other.V[b, keyHead, call.KeyFirst + keys[at]]);
        }

        own.Merge(b, head, call.QueryFirst + i, sum, max, total);
    }

    private void BackwardRow(BlockCall call, int b, int head, int keyHead, long i, int[] keys)
    {
        BlockState own = Block(call.QueryBlock), other = Block(call.KeyBlock);
        var row = call.QueryFirst + i;
        foreach (var j in keys)
        {
            var key = call.KeyFirst + j;
            var score = AttentionProblem.Scale(_plan) * AttentionProblem.Dot(own.Q[b, head, row], other.K[b, keyHead, key]);
            var probability = Math.Exp(score - own.Lse[b, head, row][0]);
            var dprobability = AttentionProblem.Dot(own.Dout[b, head, row], other.V[b, keyHead, key]);
            var dscore = probability * (dprobability - own.Delta[b, head, row][0]) * AttentionProblem.Scale(_plan);
            AttentionProblem.AddScaled(own.Dq[b, head, row], dscore, other.K[b, keyHead, key]);
            AttentionProblem.AddScaled(other.Dk[b, keyHead, key], dscore, own.Q[b, head, row]);
            AttentionProblem.AddScaled(other.Dv[b, keyHead, key], probability, own.Dout[b, head, row]);
        }
    }
}
