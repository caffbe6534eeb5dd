using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;

namespace ActorRing.Cluster.Hosting.Seed;

/// <summary>What the coordinator alone does with TrainingCheckpoints: commits them, and sets damaged ones aside.</summary>
public interface ICheckpointFolder
{
    /// <summary>Writes, syncs and renames the manifest once all shards are there. Doing it twice changes nothing.</summary>
    /// <param name="order">Which shards, of which state.</param>
    /// <param name="job">Whose.</param>
    /// <returns>SHA-256 of the manifest, hexadecimal.</returns>
    /// <exception cref="IOException">It could not be done; what was committed before is whole.</exception>
    string Commit(CommitManifest order, JobRecord job);

    /// <summary>Deletes shards that will never get a manifest. Doing it twice changes nothing.</summary>
    /// <param name="order">Which ones.</param>
    /// <param name="job">Whose.</param>
    /// <exception cref="IOException">The disk refused; some may be left.</exception>
    void Discard(DiscardShards order, JobRecord job);

    /// <summary>Reads committed ones to the last byte, newest first, until one is whole; sets each one aside that is damaged. What is gone is passed over.</summary>
    /// <param name="order">Which ones.</param>
    /// <param name="job">Whose.</param>
    /// <returns>Updates in the newest that is whole, 0 if none is, and what was found in one line.</returns>
    /// <exception cref="IOException">The disk refused: nothing is known about the one in hand, and nothing was done to it.</exception>
    /// <remarks>Cost: reads and hashes all files of each that it looks at. Doing it twice changes nothing.</remarks>
    (long Newest, string Text) FindWhole(CheckCheckpoints order, JobRecord job);
}
