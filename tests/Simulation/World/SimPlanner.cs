using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Simulation;

/// <summary>Small rings. Another variant is a member whose settings differ: it deals tokens out otherwise.</summary>
internal sealed class SimPlanner(bool isOdd = false) : IPlanner
{
    internal const int MostRanks = 8;

    // Prepared once: plans are immutable, and hashing them again in every schedule would test nothing new.
    private static readonly PreparedPlan[] Usual = [.. Enumerable.Range(1, MostRanks).Select(ranks => Make(ranks, false))];
    private static readonly PreparedPlan[] Odd = [.. Enumerable.Range(1, MostRanks).Select(ranks => Make(ranks, true))];

    public PreparedPlan Plan(JobSpec spec, int ranks) =>
        ranks > MostRanks ? throw new PlanException($"ranks = {ranks}: the simulated model has {MostRanks}") : (isOdd ? Odd : Usual)[ranks - 1];

    internal static PreparedPlan Make(int ranks, bool isOdd) => new(new PlanRequest
    {
        Mode = "ring",
        Ranks = ranks,
        Tokens = 64L * ranks,
        QueryHeads = 4,
        KeyHeads = 2,
        HeadSize = isOdd ? 32 : 16,
        LayerWindows = [0],
    }.Resolve());
}
