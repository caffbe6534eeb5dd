using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>The first field in which two plans differ.</summary>
/// <param name="Field">Its name, with the index in a list.</param>
/// <param name="Value">Its value in the first plan.</param>
/// <param name="Other">Its value in the second.</param>
public sealed record PlanDifference(string Field, string Value, string Other)
{
    /// <summary>What to say when a rank has made another plan than everybody else.</summary>
    /// <param name="rank">That rank; its plan is the second.</param>
    public string Blame(GlobalRank rank) => Invariant.Text($"rank {rank.Index}: {Field} = {Other} in its plan; nearest possible: {Value}, as in the plan of the job");
}
