using ActorRing.Compute.Communication;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>The two communicators that the ranks of a sequence share; peers are sequence ranks.</summary>
/// <param name="Blocks">What is attended travels here.</param>
/// <param name="Results">What was computed travels here: a late gradient must not hold up the next block.</param>
public sealed record SequenceLinks(ICommunicator Blocks, ICommunicator Results);
