using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Interpreter;

/// <summary>The numbers of one transfer, part by part.</summary>
internal sealed record Message(Transfer Transfer, double[][] Parts)
{
    /// <summary>Bytes that its numbers take in the formats of a plan: counted from what is really in it.</summary>
    internal long Bytes(SequenceParallelPlan plan)
    {
        int compute = plan.ComputeFormat.ByteCount(), kv = plan.KvFormat.ByteCount(), gradient = plan.GradientFormat.ByteCount();
        int[] sizes = Transfer.Payload switch
        {
            Payload.KeyValue => [kv, kv],
            Payload.KeyValueGradient => [gradient, gradient],
            Payload.Query => [compute],
            Payload.PartialOutput => [4, 4, 4],
            Payload.QueryAndOutputGradient => [compute, compute, 4, 4],
            Payload.QueryGradient => [gradient],
            Payload.HeadsIn => [compute, kv, kv],
            Payload.HeadsOut => [compute, 4],
            Payload.HeadGradientsIn => [compute, 4, 4, compute, kv, kv],
            _ => [gradient, gradient, gradient],
        };
        return Parts.Select((part, at) => part.LongLength * sizes[at]).Sum();
    }
}
