using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>Every rank fetches from every other exactly the KV rows that its queries see (<c>all-gather</c>), while it attends its own block.</summary>
/// <remarks>
/// Step 0: own block; step 1: all others, in ascending order; home: gradients, merged in ascending order of who computed them. Traffic per rank where nothing
/// is hidden: forward P - 1 KV blocks; backward the same and P - 1 blocks of gradients. Source: zhuzilin/ring-flash-attention (llama3).
/// </remarks>
internal sealed class AllGatherSchedule(BlockNeeds needs, int ranks) : IBlockSchedule
{
    public int StepCount => Math.Min(ranks, 2);

    public void AddSteps(RingRank rank, SchedulePass pass, Wire wire, StepList steps)
    {
        steps.At(0).Calls.AddRange(needs.Calls(rank.Index, rank.Index));
        for (var other = 0; other < ranks; other++)
        {
            if (other == rank.Index)
            {
                continue;
            }

            if (needs.Keys(other, rank.Index) is { IsEmpty: false } given)
            {
                steps.At(0).Departures.Add(wire.Between(pass, Payload.KeyValue, 0, 1, rank.Index, other, rank.Index, given));
                if (pass == SchedulePass.Backward)
                {
                    steps.At(StepCount).Merges.Add(wire.Between(pass, Payload.KeyValueGradient, 1, StepCount, other, rank.Index, rank.Index, given));
                }
            }

            if (needs.Keys(rank.Index, other) is { IsEmpty: false } fetched)
            {
                var step = steps.At(1);
                step.Arrivals.Add(wire.Between(pass, Payload.KeyValue, 0, 1, other, rank.Index, other, fetched));
                step.Calls.AddRange(needs.Calls(rank.Index, other));
                if (pass == SchedulePass.Backward)
                {
                    step.Results.Add(wire.Between(pass, Payload.KeyValueGradient, 1, StepCount, rank.Index, other, other, fetched));
                }
            }
        }
    }
}
