using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;

namespace ActorRing.Cluster.Hosting.Seed;

/// <summary>The second phase of a TrainingCheckpoint.</summary>
public interface ICheckpointFolder
{
    /// <summary>Writes, syncs and renames the manifest once all shards are there. Doing it twice changes nothing.</summary>
    /// <param name="order">Which shards, of which state.</param>
    /// <param name="job">Whose.</param>
    /// <returns>SHA-256 of the manifest, hexadecimal.</returns>
    /// <exception cref="IOException">It could not be done; what was committed before is whole.</exception>
    string Commit(CommitManifest order, JobRecord job);
}
