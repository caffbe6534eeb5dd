using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

// Shape letters: T rows of a ring rank's block, U ranks of a head group, D = N H and Dkv = K H elements of a row.

/// <summary>The exchange of tokens for heads inside one head group (<c>ulysses</c>, <c>usp</c>).</summary>
/// <remarks>
/// Traffic per rank, even heads: T/U (U - 1)/U (D + 2 Dkv') elements in and T/U (U - 1)/U D out, Dkv' = max(K, U) H where heads are replicated. Sources:
/// arXiv:2309.14509 (Ulysses), arXiv:2405.07719 (USP).
/// </remarks>
internal sealed class HeadExchanges(SequenceParallelPlan plan, TokenLayout layout, HeadShares shares, int stepCount)
{
    internal HeadExchange Of(SequenceRank rank)
    {
        var ring = plan.Mesh.RingRankOf(rank);
        var index = plan.Mesh.HeadIndexOf(rank);
        return new()
        {
            Piece = layout.PieceRows(ring.Index, index, plan.Mesh.Heads),
            QueryHeads = shares.Queries(index),
            KeyHeads = shares.Keys(index),
            HeadsIn = In(ring, index, SchedulePass.Forward, Payload.HeadsIn),
            HeadsOut = Out(ring, index, SchedulePass.Forward, Payload.HeadsOut),
            HeadGradientsIn = In(ring, index, SchedulePass.Backward, Payload.HeadGradientsIn),
            HeadGradientsOut = Out(ring, index, SchedulePass.Backward, Payload.HeadGradientsOut),
        };
    }

    // To each other rank: the rows that I hold, for its heads. From each: the rows that it holds, for mine.
    private AllToAll In(RingRank ring, int index, SchedulePass pass, Payload payload) =>
        new([.. Others(index).Select(other => Move(ring, index, other, index, other, pass, payload, 0))],
            [.. Others(index).Select(other => Move(ring, other, index, other, index, pass, payload, 0))]);

    // To each other rank: the rows that it holds, of my heads. From each: the rows that I hold, of its heads.
    private AllToAll Out(RingRank ring, int index, SchedulePass pass, Payload payload) =>
        new([.. Others(index).Select(other => Move(ring, index, other, other, index, pass, payload, stepCount))],
            [.. Others(index).Select(other => Move(ring, other, index, index, other, pass, payload, stepCount))]);

    private IEnumerable<int> Others(int index) => Enumerable.Range(0, plan.Mesh.Heads).Where(other => other != index);

    private Transfer Move(RingRank ring, int from, int to, int piece, int heads, SchedulePass pass, Payload payload, int step) =>
        new Wire(plan, shares, heads).Make(
            pass, payload, step, step, plan.Mesh.SequenceRankAt(ring, from), plan.Mesh.SequenceRankAt(ring, to), ring.Index,
            RowSet.OfAll(plan.Batch, layout.PieceRows(ring.Index, piece, plan.Mesh.Heads)));
}
