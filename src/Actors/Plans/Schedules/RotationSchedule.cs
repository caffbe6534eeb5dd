using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>KV blocks rotate: <c>ring</c>, <c>zigzag</c> and <c>stripe</c> (one window, different layouts), <c>double-ring</c>, and a single rank.</summary>
/// <remarks>
/// Traffic per rank where nothing is hidden: forward P - 1 KV blocks; backward the same and P - 1 blocks of gradients. Sources: arXiv:2310.01889 (ring),
/// zhuzilin/ring-flash-attention (zigzag), arXiv:2311.09431 (stripe), arXiv:2406.18485 (double ring).
/// </remarks>
internal sealed class RotationSchedule(BlockNeeds needs, int ranks, int window) : IBlockSchedule
{
    public int StepCount => ranks;

    /// <summary>Where each block goes, by owner.</summary>
    internal ImmutableArray<KvRoute> Routes { get; } = KvRoutes.Of(needs, ranks, window);

    public void AddSteps(RingRank rank, SchedulePass pass, Wire wire, StepList steps)
    {
        steps.At(0).Calls.AddRange(needs.Calls(rank.Index, rank.Index));
        foreach (var route in Routes)
        {
            for (var at = 0; at < route.Visits.Length; at++)
            {
                AddHop(rank, pass, wire, steps, route.Origin, route.Visits[at]);
                if (pass == SchedulePass.Backward)
                {
                    AddGradientHop(rank, wire, steps, route, at);
                }
            }
        }
    }

    private void AddHop(RingRank rank, SchedulePass pass, Wire wire, StepList steps, RingRank origin, KvVisit visit)
    {
        if (visit.Visitor != rank && visit.From != rank)
        {
            return;
        }

        var hop = wire.Between(
            pass, Payload.KeyValue, visit.FromStep.Index, visit.Step.Index, visit.From.Index, visit.Visitor.Index, origin.Index, visit.Carried);
        if (visit.From == rank)
        {
            steps.At(visit.FromStep.Index).Departures.Add(hop);
        }
        else
        {
            var step = steps.At(visit.Step.Index);
            step.Arrivals.Add(hop);
            step.Calls.AddRange(needs.Calls(rank.Index, origin.Index));
        }
    }

    // The sum leaves a visitor for the next one, or for the owner, who merges it when all its own steps are done.
    private void AddGradientHop(RingRank rank, Wire wire, StepList steps, KvRoute route, int at)
    {
        var visit = route.Visits[at];
        var (to, step) = at + 1 < route.Visits.Length ? (route.Visits[at + 1].Visitor, route.Visits[at + 1].Step.Index) : (route.Origin, StepCount);
        if (visit.Visitor != rank && to != rank)
        {
            return;
        }

        var hop = wire.Between(
            SchedulePass.Backward, Payload.KeyValueGradient, visit.Step.Index, step, visit.Visitor.Index, to.Index, route.Origin.Index, visit.Gradients);
        if (visit.Visitor == rank)
        {
            steps.At(visit.Step.Index).Results.Add(hop);
        }
        else
        {
            steps.At(step).Merges.Add(hop);
        }
    }
}
