using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Interpreter;

/// <summary>What one rank holds of one block, for the heads that it attends with. Its own block or somebody else's.</summary>
internal sealed class BlockState(int batch, int queryHeads, int keyHeads, long rows, int width)
{
    internal Grid Q { get; } = new(batch, queryHeads, rows, width);

    internal Grid K { get; } = new(batch, keyHeads, rows, width);

    internal Grid V { get; } = new(batch, keyHeads, rows, width);

    internal Grid Dout { get; } = new(batch, queryHeads, rows, width);

    internal Grid Lse { get; } = new(batch, queryHeads, rows, 1);

    internal Grid Delta { get; } = new(batch, queryHeads, rows, 1);

    // Running state of forward: sum of exp(score - max) v, max, sum of exp(score - max). Nothing of it is valid before a first call.
    internal Grid Sum { get; } = new(batch, queryHeads, rows, width);

    internal Grid RowMax { get; } = new(batch, queryHeads, rows, 1);

    internal Grid RowSum { get; } = new(batch, queryHeads, rows, 1);

    internal Grid Dq { get; } = new(batch, queryHeads, rows, width, 0);

    internal Grid Dk { get; } = new(batch, keyHeads, rows, width, 0);

    internal Grid Dv { get; } = new(batch, keyHeads, rows, width, 0);

    internal void Begin(BlockCall call, HeadSpan heads)
    {
        for (var b = call.FirstSequence; b < call.FirstSequence + call.SequenceCount; b++)
        {
            for (var head = heads.First; head < heads.End; head++)
            {
                for (var row = call.QueryFirst; row < call.QueryFirst + call.Queries.Count; row++)
                {
                    Sum[b, head, row].Clear();
                    RowMax[b, head, row][0] = double.NegativeInfinity;
                    RowSum[b, head, row][0] = 0;
                }
            }
        }
    }

    /// <summary>Folds a partial result of one row into the running state; the stable form.</summary>
    internal void Merge(int b, int head, long row, ReadOnlySpan<double> sum, double rowMax, double rowSum)
    {
        // A partial result of no key. Without this, -infinity minus -infinity would write NaN.
        if (double.IsNegativeInfinity(rowMax))
        {
            return;
        }

        ref var max = ref RowMax[b, head, row][0];
        ref var total = ref RowSum[b, head, row][0];
        var larger = Math.Max(max, rowMax);
        double keep = Math.Exp(max - larger), add = Math.Exp(rowMax - larger);
        var mine = Sum[b, head, row];
        for (var i = 0; i < mine.Length; i++)
        {
            mine[i] = (keep * mine[i]) + (add * sum[i]);
        }

        total = (keep * total) + (add * rowSum);
        max = larger;
    }
}
