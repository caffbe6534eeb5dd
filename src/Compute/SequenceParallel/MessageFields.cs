using ActorRing.Actors.Plans;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>What the payloads of a plan hold of each row, in order.</summary>
internal static class MessageFields
{
    private static readonly BlockPart[] KeyValue = [BlockPart.K, BlockPart.V];
    private static readonly BlockPart[] Query = [BlockPart.Q];
    private static readonly BlockPart[] QueryAndOutputGradient = [BlockPart.Q, BlockPart.Dout, BlockPart.Lse, BlockPart.Delta];

    /// <summary>The fields of a transfer.</summary>
    internal static Field[] Of(SequenceParallelPlan plan, Transfer transfer)
    {
        var (compute, keyValue, gradient) = (TypeOf(plan.ComputeFormat), TypeOf(plan.KvFormat), TypeOf(plan.GradientFormat));
        var size = plan.HeadSize;
        var (n, k) = (transfer.QueryHeads.Count, transfer.KeyHeads.Count);
        return transfer.Payload switch
        {
            Payload.KeyValue => [Field.OfHeads(keyValue, k, size), Field.OfHeads(keyValue, k, size)],
            Payload.KeyValueGradient => [Field.OfHeads(gradient, k, size), Field.OfHeads(gradient, k, size)],
            Payload.Query => [Field.OfHeads(compute, n, size)],
            Payload.PartialOutput => Partial(n, size),
            Payload.QueryAndOutputGradient => [Field.OfHeads(compute, n, size), Field.OfHeads(compute, n, size), Field.OfStatistic(n), Field.OfStatistic(n)],
            Payload.QueryGradient => [Field.OfHeads(gradient, n, size)],
            Payload.HeadsIn => [Field.OfHeads(compute, n, size), Field.OfHeads(keyValue, k, size), Field.OfHeads(keyValue, k, size)],
            Payload.HeadsOut => [Field.OfHeads(compute, n, size), Field.OfStatistic(n)],
            Payload.HeadGradientsIn when plan.KeepsExchanged => [Field.OfHeads(compute, n, size), Field.OfStatistic(n), Field.OfStatistic(n)],
            Payload.HeadGradientsIn =>
                [Field.OfHeads(compute, n, size), Field.OfStatistic(n), Field.OfStatistic(n), Field.OfHeads(compute, n, size), Field.OfHeads(keyValue, k, size), Field.OfHeads(keyValue, k, size)],
            _ => [Field.OfHeads(gradient, n, size), Field.OfHeads(gradient, k, size), Field.OfHeads(gradient, k, size)],
        };
    }

    /// <summary>The same in which sums are formed: float32 whatever the wire says.</summary>
    internal static Field[] Sums(SequenceParallelPlan plan, Transfer transfer) => [.. Of(plan, transfer).Select(field => field with { Type = ElementType.Float32 })];

    /// <summary>A running state: out not yet divided, row_max, row_sum.</summary>
    internal static Field[] Partial(int heads, int headSize) => [Field.OfHeads(ElementType.Float32, heads, headSize), Field.OfStatistic(heads), Field.OfStatistic(heads)];

    /// <summary>Which tensors of a block the fields of a departure hold.</summary>
    internal static BlockPart[] Sources(Payload payload) => payload switch
    {
        Payload.KeyValue => KeyValue,
        Payload.Query => Query,
        _ => QueryAndOutputGradient,
    };

    internal static ElementType TypeOf(ElementFormat format) => format == ElementFormat.BFloat16 ? ElementType.BFloat16 : ElementType.Float32;
}
