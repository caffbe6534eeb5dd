using System.Collections.Immutable;
using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Sharding;

namespace ActorRing.Compute.Checkpoints.Replicas;

/// <summary>Puts a state together again from the parts that ranks have in their memories. No file is opened.</summary>
public static class ReplicaLoader
{
    /// <summary>Loads weights, and the moments that this rank owns, whatever number of ranks the parts are of. Collective.</summary>
    /// <param name="store">This rank's.</param>
    /// <param name="state">This rank's; overwritten.</param>
    /// <param name="job">Whose.</param>
    /// <param name="stepsDone">Updates in it.</param>
    /// <param name="holders">The rank that has each part.</param>
    /// <param name="ranks">All ranks; null for one rank alone.</param>
    /// <returns>The digest of what was loaded: whoever asked for it compares.</returns>
    /// <exception cref="InvalidDataException">A part that this rank is to have is not there, or has changed: the state must not be used.</exception>
    /// <exception cref="CommunicationException">A rank was lost; the state must not be used.</exception>
    /// <remarks>Sends no more than what its owner lacks: where as many ranks go on as there were, the part of the one that was lost, and all weights once.</remarks>
    public static StateDigest Load(ReplicaStore store, TrainingState state, JobId job, long stepsDone, ImmutableArray<GlobalRank> holders, ICommunicator? ranks)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(state);
        var (group, label) = (state.Group, new HopLabel(HopChannel.Replica));
        var held = new StatePart?[holders.Length];
        string? damaged = null;
        try
        {
            // What is damaged is let go of here, on every rank, before anything moves: another copy is tried then.
            foreach (var name in PartsOf(state.Shards, holders).Where(each => each.Holder == group.Rank).Select(each => new PartName(job, stepsDone, holders.Length, each.Part)))
            {
                damaged = store.Verify(name, state.Shards, stepsDone) is { } change ? $"{change} in part {name.Part} of update {stepsDone} changed in memory" : damaged;
            }

            if (damaged is not null)
            {
                throw new InvalidDataException(damaged);
            }

            List<Pending> sends = [];
            foreach (var (part, run, holder) in PartsOf(state.Shards, holders).Where(each => each.Holder == group.Rank))
            {
                held[part] = store.Find(new PartName(job, stepsDone, holders.Length, part)) ?? throw new InvalidDataException(string.Create(
                    CultureInfo.InvariantCulture, $"part {part} of {holders.Length} of update {stepsDone} is not in the memory of rank {holder}"));
                for (var rank = 0; rank < group.Ranks; rank++)
                {
                    if (rank != holder && Common(run, state.Shards.OwnedBy(rank, group.Ranks)) is { IsEmpty: false } wanted)
                    {
                        for (var kind = 0; kind < 3; kind++)
                        {
                            sends.Add(ranks!.Send(held[part]!.Slice(kind, wanted.FirstElement - run.FirstElement, wanted.ElementCount), rank, label));
                        }
                    }
                }
            }

            foreach (var (part, run, holder) in PartsOf(state.Shards, holders))
            {
                if (Common(run, state.Optimizer.Owned) is { IsEmpty: false } wanted)
                {
                    if (holder == group.Rank)
                    {
                        held[part]!.CopyTo(state, run, wanted);
                    }
                    else
                    {
                        Receive(store, state, ranks!, holder, wanted, label);
                    }
                }
            }

            sends.ForEach(send => send.Wait());
        }
        finally
        {
            foreach (var part in held.OfType<StatePart>())
            {
                store.Return(part);
            }
        }

        state.Optimizer.Restore(stepsDone);
        var digest = state.Digest();
        group.Gather(state.Shards, state.Parameters.Master.Flat);
        state.Parameters.Publish();
        return digest;
    }

    private static void Receive(ReplicaStore store, TrainingState state, ICommunicator ranks, int holder, ShardRun wanted, HopLabel label)
    {
        var staging = store.Rent(wanted.ElementCount);
        try
        {
            for (var kind = 0; kind < 3; kind++)
            {
                ranks.Receive(staging.Slice(kind, 0, wanted.ElementCount), holder, label).Wait();
            }

            staging.CopyTo(state, wanted, wanted);
        }
        finally
        {
            store.Return(staging);
        }
    }

    private static IEnumerable<(int Part, ShardRun Run, int Holder)> PartsOf(ShardMap shards, ImmutableArray<GlobalRank> holders)
    {
        for (var part = 0; part < holders.Length; part++)
        {
            yield return (part, shards.OwnedBy(part, holders.Length), holders[part].Index);
        }
    }

    private static ShardRun Common(ShardRun one, ShardRun other)
    {
        var (firstShard, endShard) = (Math.Max(one.FirstShard, other.FirstShard), Math.Min(one.EndShard, other.EndShard));
        var (first, end) = (Math.Max(one.FirstElement, other.FirstElement), Math.Min(one.EndElement, other.EndElement));
        return first < end ? new ShardRun(firstShard, endShard - firstShard, first, end - first) : default;
    }
}
