using ActorRing.Actors;

namespace ActorRing.Simulation;

/// <summary>A failing schedule with as little trouble in it as still breaks the same rule.</summary>
/// <param name="RngSeed">Of the schedule.</param>
/// <param name="Troubles">It had.</param>
/// <param name="Skip">Numbers of those that are left out.</param>
/// <param name="Rule">Broken by what is left.</param>
/// <param name="Tried">Schedules that it took.</param>
internal sealed record Shrunk(ulong RngSeed, int Troubles, IReadOnlyList<int> Skip, string Rule, int Tried);

/// <summary>Delta debugging (Zeller and Hildebrandt 2002, ddmin) over the troubles of a schedule: kills, pauses, cuts and whatever else happens once.</summary>
internal static class Shrinker
{
    private const int MostTries = 2_000;

    /// <summary>Leaves out ever smaller parts of the troubles for as long as the same rule breaks.</summary>
    /// <returns>Null if the schedule breaks no rule.</returns>
    internal static Shrunk? Shrink(ulong rngSeed, Mutation mutation)
    {
        var first = new World(rngSeed, mutation);
        if (first.Run() is not { } rule)
        {
            return null;
        }

        var name = NameOf(rule);
        List<int> kept = [.. Enumerable.Range(0, first.Troubles)];
        var (tried, parts) = (1, 2);
        while (kept.Count > 0 && tried < MostTries)
        {
            var size = (kept.Count + parts - 1) / parts;
            var isSmaller = false;
            for (var at = 0; at < kept.Count && tried < MostTries; at += size)
            {
                List<int> without = [.. kept[..at], .. kept[Math.Min(at + size, kept.Count)..]];
                tried++;
                if (new World(rngSeed, mutation, skip: Skipped(without)).Run() is { } still && NameOf(still) == name)
                {
                    (kept, rule, isSmaller) = (without, still, true);
                    break;
                }
            }

            if (!isSmaller && size == 1)
            {
                break;
            }

            parts = isSmaller ? Math.Max(2, parts - 1) : Math.Min(kept.Count, 2 * parts);
        }

        return new(rngSeed, first.Troubles, Skipped(kept), rule, tried);

        // What is left out may make a schedule longer, with troubles of its own: those are left out, too.
        int[] Skipped(List<int> left) => [.. Enumerable.Range(0, first.Troubles).Except(left)];
    }

    private static string NameOf(string rule) => rule.Split(' ')[0];
}
