using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>A plan with what is derived from it once: canonical bytes, hash, neighbours.</summary>
public sealed class PreparedPlan
{
    /// <summary>Derives everything. Cost: one hash of about a hundred bytes and eight a layer.</summary>
    public PreparedPlan(SequenceParallelPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        Plan = plan;
        Bytes = [.. plan.CanonicalBytes()];
        Hash = plan.Hash();
    }

    /// <summary>The plan.</summary>
    public SequenceParallelPlan Plan { get; }

    /// <summary>Its canonical bytes.</summary>
    public ImmutableArray<byte> Bytes { get; }

    /// <summary>Their SHA-256, hexadecimal.</summary>
    public string Hash { get; }

    /// <summary>From whom a rank fetches KV blocks in a simple ring.</summary>
    public GlobalRank PreviousInRing(GlobalRank rank) => Neighbour(rank, -1);

    /// <summary>Who fetches KV blocks from a rank in a simple ring.</summary>
    public GlobalRank NextInRing(GlobalRank rank) => Neighbour(rank, 1);

    /// <summary>The first field in which the plan behind some canonical bytes differs from this one; null where none does.</summary>
    /// <param name="bytes">Anything; what is no plan differs in <c>plan-format</c>.</param>
    /// <returns>Other is the value in <see cref="Plan"/>, Value that in <paramref name="bytes"/>.</returns>
    public PlanDifference? DifferenceFrom(ReadOnlySpan<byte> bytes) => PlanFields.FirstDifference(bytes, Plan);

    private GlobalRank Neighbour(GlobalRank rank, int offset)
    {
        var mesh = Plan.Mesh;
        var place = mesh.SequenceRankOf(rank);
        var ring = (mesh.RingRankOf(place).Index + offset + mesh.Context) % mesh.Context;
        return mesh.GlobalRankOf(mesh.ReplicaOf(rank), mesh.SequenceRankAt(new(ring), mesh.HeadIndexOf(place)));
    }
}
