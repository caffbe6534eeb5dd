using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>A mask that is wrong in the smallest way its strongest rule allows.</summary>
internal static class WrongMask
{
    internal static AttentionMask Of(AttentionMask mask) => mask switch
    {
        { Blocks: { } blocks } => mask with { Blocks = blocks with { BlockSize = blocks.BlockSize + 1 } },
        { DocumentStarts: { Length: > 0 } starts } => mask with { DocumentStarts = Late(starts.ToArray()) },
        { Sink: > 0 } => mask with { Sink = mask.Sink - 1 },
        { Window: > 0 } => mask with { Window = mask.Window + 1 },
        _ => mask with { QueryPosition = mask.QueryPosition + 1 },
    };

    private static long[] Late(long[] starts)
    {
        starts[^1]++;
        return starts;
    }
}
