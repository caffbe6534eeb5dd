using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

// Shape letters: P ring ranks, w ranks of an inner window.

/// <summary>
/// Routes of a (double) ring. Windows of w ranks: at window turn j and inner turn t, step <c>j w + t</c>, rank <c>t</c> places on in the window <c>j</c>
/// places on attends the block. A single ring has one window, w = P.
/// </summary>
/// <remarks>
/// Source: arXiv:2406.18485 (LoongTrain). The outer hop carries the block as it came into the window and goes to the next window while the inner ring spreads
/// it here; so a window's first visitor has it from the first visitor of the window before.
/// </remarks>
internal static class KvRoutes
{
    internal static ImmutableArray<KvRoute> Of(BlockNeeds needs, int ranks, int window)
    {
        var routes = ImmutableArray.CreateBuilder<KvRoute>(ranks);
        for (var origin = 0; origin < ranks; origin++)
        {
            routes.Add(new(new(origin), Visits(needs, origin, ranks, window)));
        }

        return routes.MoveToImmutable();
    }

    /// <summary>Who attends the block of <paramref name="origin"/> at <paramref name="step"/>.</summary>
    internal static int VisitorAt(int origin, int step, int ranks, int window)
    {
        int windows = ranks / window, turn = step / window, inner = step % window;
        return ((((origin / window) + turn) % windows) * window) + (((origin % window) + inner) % window);
    }

    private static ImmutableArray<KvVisit> Visits(BlockNeeds needs, int origin, int ranks, int window)
    {
        var stops = new List<Stop>();
        for (var step = 1; step < ranks; step++)
        {
            var visitor = VisitorAt(origin, step, ranks, window);
            var rows = needs.Keys(visitor, origin);
            if (!rows.IsEmpty)
            {
                stops.Add(new(visitor, step, Source(stops, step / window, window), rows));
            }
        }

        // Backwards: what a stop must get includes what those who have it through this stop must get.
        var carried = stops.Select(stop => stop.Needs).ToArray();
        for (var at = stops.Count - 1; at >= 0; at--)
        {
            if (stops[at].Source >= 0)
            {
                carried[stops[at].Source] = carried[stops[at].Source].Union(carried[at]);
            }
        }

        var visits = ImmutableArray.CreateBuilder<KvVisit>(stops.Count);
        var gradients = RowSet.Empty;
        for (var at = 0; at < stops.Count; at++)
        {
            var stop = stops[at];
            gradients = gradients.Union(stop.Needs);
            var (from, fromStep) = stop.Source < 0 ? (origin, 0) : (stops[stop.Source].Visitor, stops[stop.Source].Step);
            visits.Add(new(new(stop.Visitor), new(stop.Step), new(from), new(fromStep), stop.Needs, carried[at], gradients));
        }

        return visits.MoveToImmutable();
    }

    // Index of the stop that hands the block on: the one before in this window, or else the first of the last window that had any; -1 for the owner.
    private static int Source(List<Stop> stops, int turn, int window)
    {
        if (stops.Count == 0)
        {
            return -1;
        }

        var lastTurn = stops[^1].Step / window;
        if (lastTurn == turn)
        {
            return stops.Count - 1;
        }

        // The owner is the first of its own window.
        return lastTurn == 0 ? -1 : stops.FindIndex(stop => stop.Step / window == lastTurn);
    }

    private readonly record struct Stop(int Visitor, int Step, int Source, RowSet Needs);
}
