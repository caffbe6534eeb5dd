using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Coordinator;

/// <summary>Which members become which ranks.</summary>
internal static class RingFormation
{
    /// <summary>Members that can hold a rank and were heard of just now, best first: those of the last epoch keep their place, gaps are filled with the others in order of joining.</summary>
    /// <param name="members">All, in order of joining.</param>
    /// <param name="last">Of the job; null before its first epoch.</param>
    /// <param name="isFresh">Whether a member was heard of just now.</param>
    /// <param name="spec">The job: reserves fill the ring up to its ranks, and who was declined only up to the fewest that it can have.</param>
    /// <param name="makesDo">Whether reserves may come in; otherwise only those of the last epoch stay.</param>
    internal static List<MemberRecord> Candidates(IReadOnlyList<MemberRecord> members, EpochIssued? last, Predicate<MemberRecord> isFresh, JobSpec spec, bool makesDo)
    {
        SortedDictionary<MemberId, int> places = [];
        for (var rank = 0; last is not null && rank < last.Members.Length; rank++)
        {
            places[last.Members[rank]] = rank;
        }

        // Without a heartbeat in this coordinator's life it may be long gone.
        var suited = members.Where(record => record is { IsUp: true, Hello: not null, IsLeaving: false, Unfit.Length: 0 } && isFresh(record)).ToList();
        var first = suited.Where(record => record is { IsReserve: false, IsDeclined: false }).ToList();
        var standing = suited.Where(record => record is { IsReserve: true, IsDeclined: false } && places.ContainsKey(record.Id));
        var free = suited.Where(record => record is { IsReserve: true, IsDeclined: false } && makesDo && !places.ContainsKey(record.Id));
        first.AddRange(standing.Concat(free).Take(Math.Max(0, spec.Ranks - first.Count)));
        first.AddRange(suited.Where(record => record.IsDeclined).Take(Math.Max(0, spec.MinRanks - first.Count)));

        var kept = new MemberRecord?[places.Count];
        List<MemberRecord> others = [];
        foreach (var record in first)
        {
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
