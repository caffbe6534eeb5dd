using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>A remote ring rank that attends a block on its way.</summary>
/// <param name="Visitor">Who.</param>
/// <param name="Step">When.</param>
/// <param name="From">Who sends it the block: the owner or an earlier visitor.</param>
/// <param name="FromStep">From which step of the sender on.</param>
/// <param name="Needs">Rows of the block that the visitor's queries see; never empty.</param>
/// <param name="Carried">Rows that arrive: what it and those who have the block through it need.</param>
/// <param name="Gradients">Rows of dk and dv that leave it: what it and all earlier visitors need.</param>
public sealed record KvVisit(RingRank Visitor, RingStep Step, RingRank From, RingStep FromStep, RowSet Needs, RowSet Carried, RowSet Gradients);

/// <summary>The way of one KV block through a ring: only to those who see something of it, only the rows that are seen.</summary>
/// <remarks>
/// The owner attends its own block at step 0. Gradients go the way of the steps: sums start at the first visitor, each adds its part, the last sends them to
/// the owner; as many hops as visitors.
/// </remarks>
/// <param name="Origin">The owner.</param>
/// <param name="Visits">In step order.</param>
public sealed record KvRoute(RingRank Origin, ImmutableArray<KvVisit> Visits);
