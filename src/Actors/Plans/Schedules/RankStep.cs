using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>What one rank does in one step of one pass. Steps in which it does nothing are left out.</summary>
/// <param name="Step">Which.</param>
/// <param name="Arrivals">Must be here before the calls: KV blocks, or queries to help with. Their receives may be posted one step earlier.</param>
/// <param name="Departures">May leave as soon as the arrivals are here, before the calls: parts of what has arrived, or of the rank's own block. The copy hides
/// behind the calls.</param>
/// <param name="Calls">Block attention, in this order.</param>
/// <param name="Merges">Arrive while the calls run and are added to their results (gradients) or to the rank's own state (partial results, what comes home), in
/// this order.</param>
/// <param name="Results">Leave after calls and merges: gradients on their way home, partial results for the rank that was helped.</param>
public sealed record RankStep(
    RingStep Step,
    ImmutableArray<Transfer> Arrivals,
    ImmutableArray<Transfer> Departures,
    ImmutableArray<BlockCall> Calls,
    ImmutableArray<Transfer> Merges,
    ImmutableArray<Transfer> Results);
