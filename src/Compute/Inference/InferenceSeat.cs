using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;

namespace ActorRing.Compute.Inference;

/// <summary>One rank's place among those that share a sequence.</summary>
/// <param name="Mode">Spelling of the mode in which the prompt is shared; not data_parallel.</param>
/// <param name="Rank">This rank.</param>
/// <param name="Ranks">P.</param>
/// <param name="Links">For the attention of the prompt; borrowed.</param>
/// <param name="All">For partial attention, logits and agreement; borrowed.</param>
public sealed record InferenceSeat(string Mode, SequenceRank Rank, int Ranks, SequenceLinks Links, ICommunicator All);
