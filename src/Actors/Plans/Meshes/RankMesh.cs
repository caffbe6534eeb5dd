using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>All ranks of a job on three axes: replicas (dp) of rings (cp) of head groups (hp).</summary>
/// <remarks>dp is the outermost axis in every placement: a sequence group is a run of neighbouring global ranks.</remarks>
/// <param name="DataParallel">dp: sequence groups that train on different batches.</param>
/// <param name="Context">cp: ring ranks of a sequence group, P of the ring schedules.</param>
/// <param name="Heads">hp: ranks that share the heads of one ring rank, U.</param>
/// <param name="Placement">Order of the two inner axes.</param>
/// <param name="InnerWindow">w: ring ranks of one inner window of a double ring, divides cp; cp for a single ring.</param>
public sealed record RankMesh(int DataParallel, int Context, int Heads, MeshPlacement Placement, int InnerWindow)
{
    // InternEvo's limit: from eight ranks on a window fills a machine by itself.
    private const int LeastWindowNotInterleaved = 8;

    /// <summary>Ranks of the job.</summary>
    public int Ranks => DataParallel * Context * Heads;

    /// <summary>Ranks that share one sequence.</summary>
    public int SequenceRanks => Context * Heads;

    /// <summary>
    /// Whether inner windows really take every second rank: asked for, more than one rank and fewer than eight in a window, and windows in pairs. Otherwise
    /// <see cref="MeshPlacement.Interleaved"/> is <see cref="MeshPlacement.ContextFirst"/>.
    /// </summary>
    public bool IsInterleaved =>
        Placement == MeshPlacement.Interleaved
        && InnerWindow is > 1 and < LeastWindowNotInterleaved
        && InnerWindow < Context
        && Context % (2 * InnerWindow) == 0;

    /// <summary>Ring rank of a sequence rank.</summary>
    public RingRank RingRankOf(SequenceRank rank) => new(rank.Index / Heads);

    /// <summary>Place of a sequence rank in its head group.</summary>
    public int HeadIndexOf(SequenceRank rank) => rank.Index % Heads;

    /// <summary>The sequence rank at a place of the two inner axes.</summary>
    public SequenceRank SequenceRankAt(RingRank ring, int headIndex) => new((ring.Index * Heads) + headIndex);

    /// <summary>Where a sequence rank of a replica runs.</summary>
    /// <param name="replica">From 0, below dp.</param>
    /// <param name="rank">From 0, below cp x hp.</param>
    public GlobalRank GlobalRankOf(int replica, SequenceRank rank)
    {
        int ring = rank.Index / Heads, head = rank.Index % Heads;
        var inside = Placement == MeshPlacement.HeadFirst ? (ring * Heads) + head : (head * Context) + PlaceInRing(ring);
        return new((replica * SequenceRanks) + inside);
    }

    /// <summary>Replica of a global rank.</summary>
    public int ReplicaOf(GlobalRank rank) => rank.Index / SequenceRanks;

    /// <summary>Sequence rank of a global rank: the inverse of <see cref="GlobalRankOf"/>. Cost: O(cp x hp).</summary>
    public SequenceRank SequenceRankOf(GlobalRank rank)
    {
        var replica = ReplicaOf(rank);
        var sequenceRank = new SequenceRank(0);
        while (GlobalRankOf(replica, sequenceRank) != rank)
        {
            sequenceRank = new(sequenceRank.Index + 1);
        }

        return sequenceRank;
    }

    /// <summary>Ranks that hold the same tokens and heads of different batches, by sequence rank.</summary>
    public RankGroups DataGroups() => new("dp", [.. Sequences().Select(rank => Group(Replicas(), replica => GlobalRankOf(replica, rank)))]);

    /// <summary>Ranks that share a sequence, in order of sequence ranks, by replica.</summary>
    public RankGroups SequenceGroups() => new("sequence", [.. Replicas().Select(replica => Group(Sequences(), rank => GlobalRankOf(replica, rank)))]);

    /// <summary>Rings, in ring order, by replica and head index.</summary>
    public RankGroups RingGroups() =>
        new("cp", [.. from replica in Replicas() from head in Enumerable.Range(0, Heads) select Ring(replica, head, Enumerable.Range(0, Context))]);

    /// <summary>Ranks that exchange tokens for heads, by replica and ring rank.</summary>
    public RankGroups HeadGroups() => new(
        "hp",
        [.. from replica in Replicas()
            from ring in Enumerable.Range(0, Context)
            select Group(Enumerable.Range(0, Heads), head => GlobalRankOf(replica, SequenceRankAt(new(ring), head)))]);

    /// <summary>Inner rings of a double ring: the ring ranks of each window.</summary>
    public RankGroups InnerGroups() => new(
        "inner",
        [.. from replica in Replicas()
            from head in Enumerable.Range(0, Heads)
            from window in Enumerable.Range(0, Context / InnerWindow)
            select Ring(replica, head, Enumerable.Range(window * InnerWindow, InnerWindow))]);

    /// <summary>Outer rings of a double ring: the same place in every window. There are w of them in a ring, each as long as there are windows.</summary>
    public RankGroups OuterGroups() => new(
        "outer",
        [.. from replica in Replicas()
            from head in Enumerable.Range(0, Heads)
            from place in Enumerable.Range(0, InnerWindow)
            select Ring(replica, head, Enumerable.Range(0, Context / InnerWindow).Select(window => (window * InnerWindow) + place))]);

    /// <summary>Ranks over which the gradient of every weight is summed: all, since each has seen other tokens and heads.</summary>
    public RankGroups GradientGroups() => new("gradient", [Group(Enumerable.Range(0, Ranks), rank => new GlobalRank(rank))]);

    /// <summary>All group tables, one axis a line.</summary>
    public string GroupTable() => string.Join(
        '\n',
        (InnerWindow < Context
            ? (ImmutableArray<RankGroups>)[DataGroups(), RingGroups(), HeadGroups(), InnerGroups(), OuterGroups(), GradientGroups()]
            : [DataGroups(), RingGroups(), HeadGroups(), GradientGroups()]).Select(groups => groups.ToString()));

    // In pairs of windows: the first has the even places, the second the odd ones.
    private int PlaceInRing(int ring)
    {
        if (!IsInterleaved)
        {
            return ring;
        }

        int window = ring / InnerWindow, place = ring % InnerWindow;
        return (window / 2 * 2 * InnerWindow) + (2 * place) + (window % 2);
    }

    private ImmutableArray<GlobalRank> Ring(int replica, int head, IEnumerable<int> rings) =>
        Group(rings, ring => GlobalRankOf(replica, SequenceRankAt(new(ring), head)));

    private IEnumerable<int> Replicas() => Enumerable.Range(0, DataParallel);

    private IEnumerable<SequenceRank> Sequences() => Enumerable.Range(0, SequenceRanks).Select(rank => new SequenceRank(rank));

    private static ImmutableArray<GlobalRank> Group<T>(IEnumerable<T> members, Func<T, GlobalRank> rankOf) => [.. members.Select(rankOf)];
}
