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

    /// <summary><see cref="NextInRing"/> and <see cref="PreviousInRing"/> of all ranks, by global rank. Cost: O(ranks).</summary>
    internal ImmutableArray<(GlobalRank Next, GlobalRank Previous)> Neighbours()
    {
        var mesh = Plan.Mesh;
        var neighbours = new (GlobalRank, GlobalRank)[mesh.Ranks];
        for (var at = 0; at < neighbours.Length; at++)
        {
            var (replica, place) = (at / mesh.SequenceRanks, new SequenceRank(at % mesh.SequenceRanks));
            neighbours[mesh.GlobalRankOf(replica, place).Index] = (Beside(replica, place, 1), Beside(replica, place, -1));
        }

        return [.. neighbours];
    }

    /// <summary>The first field in which the plan behind some canonical bytes differs from this one; null where none does.</summary>
    /// <param name="bytes">Anything; what is no plan differs in <c>plan-format</c>.</param>
    /// <returns>Other is the value in <see cref="Plan"/>, Value that in <paramref name="bytes"/>.</returns>
    public PlanDifference? DifferenceFrom(ReadOnlySpan<byte> bytes) => PlanFields.FirstDifference(bytes, Plan);

    private GlobalRank Neighbour(GlobalRank rank, int offset)
    {
        var mesh = Plan.Mesh;
        return Beside(mesh.ReplicaOf(rank), mesh.SequenceRankOf(rank), offset);
    }

    private GlobalRank Beside(int replica, SequenceRank place, int offset)
    {
        var mesh = Plan.Mesh;
        var ring = (mesh.RingRankOf(place).Index + offset + mesh.Context) % mesh.Context;
        return mesh.GlobalRankOf(replica, mesh.SequenceRankAt(new(ring), mesh.HeadIndexOf(place)));
    }
}
