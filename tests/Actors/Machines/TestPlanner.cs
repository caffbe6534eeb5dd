using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Machines;

/// <summary>A small ring of two layers.</summary>
internal sealed class TestPlanner : IPlanner
{
    internal int HeadSize { get; init; } = 16;

    internal int MostRanks { get; init; } = 8;

    public PreparedPlan Plan(JobSpec spec, int ranks) => ranks > MostRanks ? throw new PlanException($"ranks = {ranks}; nearest possible: {MostRanks}") : new(new PlanRequest
    {
        Mode = "ring",
        Ranks = ranks,
        Tokens = 64L * ranks,
        QueryHeads = 4,
        KeyHeads = 2,
        HeadSize = HeadSize,
        LayerWindows = [0, 0],
    }.Resolve());
}
