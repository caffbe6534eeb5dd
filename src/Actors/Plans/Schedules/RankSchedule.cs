using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>One rank's view of a schedule: what its strategy carries out, in order.</summary>
public sealed class RankSchedule
{
    /// <summary>The rank.</summary>
    public required SequenceRank Rank { get; init; }

    /// <summary>The block whose queries, keys and values it starts with (after the head exchange, where there is one).</summary>
    public required RingRank Block { get; init; }

    /// <summary>Heads that it attends with, in segments that one call of block attention can take.</summary>
    public required ImmutableArray<HeadSegment> Segments { get; init; }

    /// <summary>The exchange of tokens for heads around the steps; null where heads are not sharded.</summary>
    public required HeadExchange? Exchange { get; init; }

    /// <summary>Steps of the forward pass, ascending. The last one may have no calls: it is what comes home.</summary>
    public required ImmutableArray<RankStep> Forward { get; init; }

    /// <summary>Steps of the backward pass, ascending. The last one may have no calls: it is what comes home.</summary>
    public required ImmutableArray<RankStep> Backward { get; init; }

    /// <summary>Steps of a pass.</summary>
    public ImmutableArray<RankStep> Steps(SchedulePass pass) => pass == SchedulePass.Forward ? Forward : Backward;
}
