using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <summary>Shards of one epoch that are on disk, by update. First phase of a TrainingCheckpoint; the manifest is the second.</summary>
/// <remarks>Invariant: at most <see cref="Largest"/> updates are open; a newer one pushes the oldest out, which then never gets a manifest.</remarks>
internal sealed class CheckpointLedger(int ranks, Mutation mutation)
{
    internal const int Largest = 4;
    private readonly List<Entry> _entries = [];

    internal int Open => _entries.Count;

    internal void Report(int rank, ShardWritten shard)
    {
        var entry = Find(shard.StepsDone);
        if (entry is null)
        {
            if (_entries.Count == Largest && _entries[0].StepsDone > shard.StepsDone)
            {
                return;
            }

            entry = new(shard.StepsDone, ranks);
            _entries.Add(entry);
            _entries.Sort((one, other) => one.StepsDone.CompareTo(other.StepsDone));
            if (_entries.Count > Largest)
            {
                _entries.RemoveAt(0);
            }
        }

        if (entry.Ranks.Add(rank))
        {
            entry.Shards[rank] = shard;
        }
    }

    /// <summary>The newest update up to <paramref name="agreed"/> with all of its shards.</summary>
    internal Entry? Complete(long agreed)
    {
        for (var at = _entries.Count - 1; at >= 0; at--)
        {
            var entry = _entries[at];
            if (entry.StepsDone <= agreed && (entry.Ranks.IsFull || (mutation == Mutation.CheckpointWithoutAllShards && entry.Ranks.Count >= ranks - 1)))
            {
                return entry;
            }
        }

        return null;
    }

    internal bool Has(int rank, long stepsDone) => Find(stepsDone)?.Ranks.Contains(rank) == true;

    internal void Forget(long upTo) => _entries.RemoveAll(entry => entry.StepsDone <= upTo);

    private Entry? Find(long stepsDone)
    {
        foreach (var entry in _entries)
        {
            if (entry.StepsDone == stepsDone)
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>The shards of one update.</summary>
    internal sealed class Entry(long stepsDone, int ranks)
    {
        internal long StepsDone { get; } = stepsDone;

        internal RankSet Ranks { get; } = new(ranks);

        internal ShardWritten?[] Shards { get; } = new ShardWritten?[ranks];

        /// <summary>
        /// The state that its shards are said to be of; null while there is none. Says what was committed only where nothing else does: for an update that is done again
        /// because a later TrainingCheckpoint was lost, with all ranks agreed on it.
        /// </summary>
        internal StateDigest? Digest
        {
            get
            {
                foreach (var shard in Shards)
                {
                    if (shard is not null)
                    {
                        return shard.Digest;
                    }
                }

                return null;
            }
        }

        /// <summary>The first rank whose shard is of another state, or null.</summary>
        internal int? Stranger(StateDigest digest)
        {
            for (var rank = 0; rank < Shards.Length; rank++)
            {
                if (Shards[rank] is { } shard && shard.Digest != digest)
                {
                    return rank;
                }
            }

            return null;
        }

        internal ImmutableArray<ShardWritten> Present()
        {
            var present = ImmutableArray.CreateBuilder<ShardWritten>(Shards.Length);
            foreach (var shard in Shards)
            {
                if (shard is not null)
                {
                    present.Add(shard);
                }
            }

            return present.ToImmutable();
        }
    }
}
