using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>The groups of one axis of a mesh. Each rank is in exactly one of them.</summary>
/// <param name="Axis">Name of the axis.</param>
/// <param name="Groups">Global ranks of each group, in the order in which the group counts its members.</param>
public sealed record RankGroups(string Axis, ImmutableArray<ImmutableArray<GlobalRank>> Groups)
{
    /// <summary>Prints as <c>cp [0,2,4,6] [1,3,5,7]</c>.</summary>
    public override string ToString() => Axis + string.Concat(Groups.Select(group => $" [{string.Join(",", group.Select(rank => Invariant.Text($"{rank.Index}")))}]"));
}
