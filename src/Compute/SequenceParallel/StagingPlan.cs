using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

// Shape letters: B batch, T tokens of the block, n query heads and k KV heads of this rank, H head dim.

/// <summary>Bytes of messages, running states and exchanged blocks that <see cref="PlannedAttention"/> holds beside the model's own, known from the schedule.</summary>
/// <remarks>
/// Forward and backward have messages of different sizes, so each is counted. Within a pass: what a step and the next one receive, what this step and the two before it
/// sent, and all that skips steps. Without documents, which only leave transfers out.
/// </remarks>
public static class StagingPlan
{
    private const int StepsInFlight = 3;

    /// <summary>Bytes of the rank that needs most; 0 where the sequence is not shared, for a rank alone attends without a plan. Cost: the schedules of all ranks.</summary>
    public static long MostBytes(SequenceParallelPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Mesh.SequenceRanks == 1 ? 0 : Enumerable.Range(0, plan.Mesh.SequenceRanks).Max(rank => BytesOf(plan, new SequenceRank(rank)));
    }

    /// <summary>Bytes of one rank; of a rank alone, its running state.</summary>
    public static long BytesOf(SequenceParallelPlan plan, SequenceRank rank)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return Enumerable.Range(0, plan.Layers).DistinctBy(layer => plan.LayerWindows[layer]).Max(layer => Bytes(plan, AttentionSchedule.Build(plan, plan.Pattern(layer)).ForRank(rank)));
    }

    private static long Bytes(SequenceParallelPlan plan, RankSchedule schedule)
    {
        var heads = schedule.Exchange?.QueryHeads.Count ?? plan.QueryHeads;
        var keys = schedule.Exchange?.KeyHeads.Count ?? plan.KeyHeads;
        var rows = plan.Batch * plan.RingLayout().Count(schedule.Block.Index);
        var state = rows * MessageFields.Partial(heads, plan.HeadSize).Sum(field => field.RowBytes);
        return state + Pass(plan, schedule.Forward) + Pass(plan, schedule.Backward) + (schedule.Exchange is { } exchange ? Exchanged(plan, exchange, rows, heads, keys) : 0);
    }

    private static long Pass(SequenceParallelPlan plan, ImmutableArray<RankStep> steps)
    {
        var most = 0L;
        for (var at = 0; at < steps.Length; at++)
        {
            var here = steps[at].Step.Index;
            var next = at + 1 < steps.Length ? steps.AsSpan(at + 1, 1) : default;
            var bytes = Come(plan, steps[at]);
            foreach (var step in next)
            {
                bytes += Come(plan, step);
            }

            bytes += steps.Where(step => step.Step.Index <= here && step.Step.Index > here - StepsInFlight).Sum(step => Gone(plan, step));
            most = Math.Max(most, bytes);
        }

        return most + steps.SelectMany(All).Where(transfer => transfer.Step.Index > transfer.SendStep.Index + 1).Sum(transfer => transfer.Bytes);
    }

    private static IEnumerable<Transfer> All(RankStep step) => step.Arrivals.Concat(step.Departures).Concat(step.Merges).Concat(step.Results);

    // A wire of another type than the kernels' is converted on arrival.
    private static long Come(SequenceParallelPlan plan, RankStep step) =>
        step.Arrivals.Sum(transfer => plan.KvFormat == plan.ComputeFormat ? transfer.Bytes : 3 * transfer.Bytes) + step.Merges.Sum(transfer => transfer.Bytes);

    // Sums are float32 whatever the wire says.
    private static long Gone(SequenceParallelPlan plan, RankStep step) => step.Departures.Sum(transfer => transfer.Bytes)
        + step.Results.Sum(transfer => RowMessage.BytesOf(transfer.Rows, MessageFields.Sums(plan, transfer)) + (plan.GradientFormat == ElementFormat.Float32 ? 0 : transfer.Bytes));

    // q, k, v, out and lse; in backward dout, delta and float32 gradients as well. Kept blocks have their inputs once for each layer.
    private static long Exchanged(SequenceParallelPlan plan, HeadExchange exchange, long rows, int heads, int keys)
    {
        var (e, f) = ((long)MessageFields.TypeOf(plan.ComputeFormat).ByteCount(), (long)ElementType.Float32.ByteCount());
        var inputs = rows * (heads + (2 * keys)) * plan.HeadSize * e;
        var others = rows * ((2 * heads * plan.HeadSize * e) + ((heads + (2 * keys)) * plan.HeadSize * f) + (3 * heads * f));
        var messages = new[] { exchange.HeadsIn, exchange.HeadsOut, exchange.HeadGradientsIn, exchange.HeadGradientsOut }.Sum(all => all.Sends.Concat(all.Receives).Sum(transfer => transfer.Bytes));
        return (inputs * (plan.KeepsExchanged ? plan.Layers : 1)) + others + messages;
    }
}
