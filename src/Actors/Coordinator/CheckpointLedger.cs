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
    private readonly long[] _answered = new long[ranks];
    private readonly List<long> _attempts = [];
    private long _discarded;

    internal int Open => _entries.Count;

    /// <summary>Newest update of whose shards all ranks have said what became of them; they write in order.</summary>
    internal long Answered
    {
        get
        {
            var least = long.MaxValue;
            foreach (var stepsDone in _answered)
            {
                least = Math.Min(least, stepsDone);
            }

            return least;
        }
    }

    internal void Report(int rank, ShardWritten shard)
    {
        NoteAnswer(rank, shard.StepsDone);
        if (shard.StepsDone <= _discarded)
        {
            return;
        }

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

    /// <summary>Notes that a rank could not write a shard.</summary>
    internal void ReportUnwritten(int rank, long stepsDone) => NoteAnswer(rank, stepsDone);

    /// <summary>Gives shards up: whoever still says that they are there is not listened to.</summary>
    /// <param name="limit">Those of more updates stay.</param>
    /// <returns>Updates in the newest that is given up; 0 if there is nothing new to give up.</returns>
    internal long Discard(long limit)
    {
        var newest = _attempts.FindLast(stepsDone => stepsDone <= limit);
        if (newest <= _discarded)
        {
            return 0;
        }

        _discarded = newest;
        Forget(newest);
        return newest;
    }

    internal bool Has(int rank, long stepsDone) => Find(stepsDone)?.Ranks.Contains(rank) == true;

    internal void Forget(long upTo)
    {
        _entries.RemoveAll(entry => entry.StepsDone <= upTo);
        _attempts.RemoveAll(stepsDone => stepsDone <= upTo);
    }

    private void NoteAnswer(int rank, long stepsDone)
    {
        _answered[rank] = Math.Max(_answered[rank], stepsDone);
        if (stepsDone > _discarded && !_attempts.Contains(stepsDone))
        {
            _attempts.Add(stepsDone);
            _attempts.Sort();
            if (_attempts.Count > Largest)
            {
                _attempts.RemoveAt(0); // with a newer one it goes, too
            }
        }
    }

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
