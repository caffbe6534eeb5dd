using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Coordinator;

/// <summary>Which members become which ranks.</summary>
internal static class RingFormation
{
    /// <summary>Members that can hold a rank and were heard of just now, best first: those of the last epoch keep their place, gaps are filled with the others in order of joining.</summary>
    internal static List<MemberRecord> Candidates(IReadOnlyList<MemberRecord> members, EpochIssued? last, Predicate<MemberRecord> isFresh)
    {
        SortedDictionary<MemberId, int> places = [];
        for (var rank = 0; last is not null && rank < last.Members.Length; rank++)
        {
            places[last.Members[rank]] = rank;
        }

        var kept = new MemberRecord?[places.Count];
        List<MemberRecord> others = [];
        foreach (var record in members)
        {
            // Without a heartbeat in this coordinator's life it may be long gone.
            if (!record.IsUp || record.Hello is null || record.IsLeaving || record.Unfit.Length > 0 || !isFresh(record))
            {
                continue;
            }

            if (places.TryGetValue(record.Id, out var place))
            {
                kept[place] = record;
            }
            else
            {
                others.Add(record);
            }
        }

        List<MemberRecord> candidates = [];
        var next = 0;
        foreach (var record in kept)
        {
            if (record is not null)
            {
                candidates.Add(record);
            }
            else if (next < others.Count)
            {
                candidates.Add(others[next++]);
            }
        }

        candidates.AddRange(others[next..]);
        return candidates;
    }

    /// <summary>How many ranks, and their plan; no plan if the job has to wait.</summary>
    /// <param name="spec">The job.</param>
    /// <param name="candidates">Members at hand.</param>
    /// <param name="mayShrink">Whether waiting for more has gone on for long enough.</param>
    /// <param name="planner">Makes plans.</param>
    internal static (int Ranks, PreparedPlan? Plan) Choose(JobSpec spec, int candidates, bool mayShrink, IPlanner planner)
    {
        var most = Math.Min(candidates, spec.Ranks);
        if (most < spec.MinRanks || (most < spec.Ranks && !mayShrink))
        {
            return (0, null);
        }

        for (var ranks = most; ranks >= spec.MinRanks; ranks--)
        {
            if (TryPlan(planner, spec, ranks) is { } plan)
            {
                return (ranks, plan);
            }
        }

        return (0, null);
    }

    internal static PreparedPlan? TryPlan(IPlanner planner, JobSpec spec, int ranks)
    {
        try
        {
            return planner.Plan(spec, ranks);
        }
        catch (PlanException)
        {
            return null;
        }
    }
}
