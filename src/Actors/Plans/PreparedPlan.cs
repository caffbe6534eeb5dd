using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>The plan of every stage of a job, with what is derived from them once: canonical bytes, hash, neighbours.</summary>
public sealed class PreparedPlan
{
    /// <summary>Derives everything. Cost: one hash of about a hundred bytes and eight a layer, for each stage.</summary>
    /// <param name="stages">One or more, all of one mesh and mode: ranks stay where they are from stage to stage.</param>
    public PreparedPlan(params ImmutableArray<SequenceParallelPlan> stages)
    {
        if (stages.IsDefaultOrEmpty)
        {
            throw new ArgumentException("a plan has at least one stage");
        }

        for (var stage = 1; stage < stages.Length; stage++)
        {
            if (stages[stage].Mesh != stages[0].Mesh || stages[stage].Layers != stages[0].Layers)
            {
                throw Invariant.Refuse($"stage {stage} shares its sequences among other groups of ranks than stage 0; nearest possible: one mode and one set of degrees for all stages");
            }
        }

        Stages = stages;
        Bytes = [.. stages.SelectMany(plan => plan.CanonicalBytes())];
        Hash = PlanFields.HashOf(Bytes.AsSpan());
    }

    /// <summary>By stage of the job.</summary>
    public ImmutableArray<SequenceParallelPlan> Stages { get; }

    /// <summary>That of the first stage; mesh and layers are those of all.</summary>
    public SequenceParallelPlan Plan => Stages[0];

    /// <summary>Canonical bytes of all stages, one after the other.</summary>
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

    /// <summary>The first field in which the plans behind some canonical bytes differ from these; null where none does.</summary>
    /// <param name="bytes">Anything; what is no plan differs in <c>plan-format</c>.</param>
    /// <returns>Other is the value in <see cref="Plan"/>, Value that in <paramref name="bytes"/>.</returns>
    public PlanDifference? DifferenceFrom(ReadOnlySpan<byte> bytes)
    {
        for (var stage = 0; stage < Stages.Length; stage++)
        {
            if (PlanFields.FirstDifference(ref bytes, Stages[stage]) is { } difference)
            {
                return Stages.Length == 1 ? difference : difference with { Field = Invariant.Text($"stage[{stage}].{difference.Field}") };
            }
        }

        return bytes.IsEmpty ? null : PlanFields.OtherFormat;
    }

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
