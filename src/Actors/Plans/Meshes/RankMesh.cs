using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>All ranks of a job on three axes: replicas (dp) of rings (cp) of head groups (hp).</summary>
/// <remarks>dp is the outermost axis in every placement: a sequence group is a run of neighbouring global ranks.</remarks>
/// <param name="DataParallel">dp: sequence groups that train on different batches.</param>
/// <param name="Context">cp: ring ranks of a sequence group, P of the ring schedules.</param>
/// <param name="Heads">hp: ranks that share the heads of one ring rank, U.</param>
/// <param name="Placement">Order of the two inner axes.</param>
/// <param name="InnerWindow">w: ring ranks of one inner window of a double ring; cp for a single ring.</param>
public sealed record RankMesh(int DataParallel, int Context, int Heads, MeshPlacement Placement, int InnerWindow)
{
    /// <summary>Ranks of the job.</summary>
    public int Ranks => DataParallel * Context * Heads;

    /// <summary>Ranks that share one sequence.</summary>
    public int SequenceRanks => Context * Heads;

    /// <summary>Ring rank of a sequence rank.</summary>
    public RingRank RingRankOf(SequenceRank rank) => new(rank.Index / Heads);

    /// <summary>Place of a sequence rank in its head group.</summary>
    public int HeadIndexOf(SequenceRank rank) => rank.Index % Heads;

    /// <summary>The sequence rank at a place of the two inner axes.</summary>
    public SequenceRank SequenceRankAt(RingRank ring, int headIndex) => new((ring.Index * Heads) + headIndex);
}
