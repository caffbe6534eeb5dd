using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Rank;

/// <summary>What this process has in its memory of a job's states, across epochs: its own parts and those of the ranks before it. Only what is whole is in it.</summary>
/// <remarks>Bounded: an epoch adds two for each update that may be open, and its commits take the older ones away.</remarks>
internal sealed class RankReplicas
{
    private readonly List<Replica> _held = [];

    internal ImmutableArray<Replica> All => [.. _held];

    internal int Count => _held.Count;

    internal void Hold(Replica replica)
    {
        Drop(replica);
        _held.Add(replica);
    }

    /// <summary>Lets go of one, whatever its digest.</summary>
    internal void Drop(Replica replica) =>
        _held.RemoveAll(held => (held.Job, held.StepsDone, held.Parts, held.Part) == (replica.Job, replica.StepsDone, replica.Parts, replica.Part));

    /// <summary>Lets go of everything else.</summary>
    /// <returns>Whether there was anything else.</returns>
    internal bool Keep(JobId job, long from, long to) => _held.RemoveAll(held => held.Job != job || held.StepsDone < from || held.StepsDone > to) > 0;
}
