using ActorRing.Native;

namespace ActorRing.Compute.Specs.Reference;

/// <summary>The mask rule of <c>actorring.h</c> (block attention), one pair at a time and word for word.</summary>
internal static class ReferenceMask
{
    internal static bool Sees(AttentionMask mask, long queryRow, long keyRow)
    {
        var query = mask.QueryPosition + (queryRow * mask.QueryStep);
        var key = mask.KeyPosition + (keyRow * mask.KeyStep);
        return SeesCausally(mask, query, key) && SeesWithinWindow(mask, query, key) && SeesWithinDocument(mask, query, key)
            && SeesByBlockList(mask, query, key);
    }

    private static bool SeesCausally(AttentionMask mask, long query, long key) => !mask.Causal || key <= query;

    private static bool SeesWithinWindow(AttentionMask mask, long query, long key)
    {
        if (mask.Window == 0)
        {
            return true;
        }

        var documentStart = mask.DocumentStarts is { Length: > 0 } starts ? starts.Span[DocumentOf(starts.Span, query)] : 0;
        var isSink = mask.Sink > 0 && key - documentStart < mask.Sink;
        return key > query - mask.Window || isSink;
    }

    private static bool SeesWithinDocument(AttentionMask mask, long query, long key) =>
        mask.DocumentStarts is not { Length: > 0 } starts || DocumentOf(starts.Span, query) == DocumentOf(starts.Span, key);

    private static int DocumentOf(ReadOnlySpan<long> starts, long position)
    {
        var document = 0;
        while (document + 1 < starts.Length && starts[document + 1] <= position)
        {
            document++;
        }

        return document;
    }

    private static bool SeesByBlockList(AttentionMask mask, long query, long key)
    {
        if (mask.Blocks is not { } blocks)
        {
            return true;
        }

        var row = (int)(query / blocks.BlockSize);
        var begin = (int)blocks.RowOffsets.Span[row];
        var end = (int)blocks.RowOffsets.Span[row + 1];
        return blocks.Columns.Span[begin..end].Contains(key / blocks.BlockSize);
    }
}
