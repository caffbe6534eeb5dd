using ActorRing.Actors.Ids;
using ActorRing.Compute.Sharding;

namespace ActorRing.Compute.Checkpoints.Training;

/// <summary>A committed TrainingCheckpoint whose every byte has been checked.</summary>
public sealed class TrainingCheckpoint
{
    private readonly string _folder;

    private TrainingCheckpoint(string folder, CheckpointManifest manifest)
    {
        _folder = folder;
        Manifest = manifest;
    }

    /// <summary>What it is, and where its training goes on.</summary>
    public CheckpointManifest Manifest { get; }

    /// <summary>Loads weights on this rank, and the moments that it owns, whatever number of ranks and mode wrote them. Collective.</summary>
    /// <param name="state">This rank's; overwritten.</param>
    /// <returns>The digest of what was loaded, which is the manifest's.</returns>
    /// <exception cref="InvalidDataException">
    /// The model has other sizes: nothing was loaded. Or a file is not what it was when it was checked, or what was loaded is not the state that was saved: the state
    /// must not be used.
    /// </exception>
    /// <exception cref="IOException">The disk refused; the state must not be used.</exception>
    public StateDigest Load(TrainingState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (ManifestJson.Difference(Manifest.Model, state.Parameters.Dims) is { } difference)
        {
            throw new InvalidDataException($"{_folder}: {difference}");
        }

        for (var rank = 0; rank < Manifest.Ranks; rank++)
        {
            var run = state.Shards.OwnedBy(rank, Manifest.Ranks);
            using var file = ShardFile.Open(PathOf(rank), state.Shards, run);
            ShardFile.Load(file, run, state);
        }

        state.Optimizer.Restore(Manifest.OptimizerUpdates);
        state.Parameters.Publish();
        var digest = state.Digest();
        return digest == Manifest.Digest
            ? digest
            : throw new InvalidDataException($"{_folder}: the state loaded has digest {digest.Value:x16}, the state saved had {Manifest.Digest.Value:x16}; it must not be used");
    }

    /// <summary>Checks a folder: manifest, names, and length, hash and header of every file.</summary>
    internal static TrainingCheckpoint Open(string folder, long stepsDone)
    {
        var checkpoint = new TrainingCheckpoint(folder, ReadManifest(folder, stepsDone));
        var manifest = checkpoint.Manifest;
        var map = manifest.Map;
        for (var rank = 0; rank < manifest.Ranks; rank++)
        {
            var path = checkpoint.PathOf(rank);
            var (found, promised) = (ShardFile.Measure(path), manifest.Shards[rank]);
            if (found != promised)
            {
                throw new InvalidDataException(
                    $"{path}: has {found.Bytes} bytes and SHA-256 {found.Sha256}; the manifest says {promised.Bytes} and {promised.Sha256}");
            }

            ShardFile.Open(path, map, map.OwnedBy(rank, manifest.Ranks)).Dispose();
        }

        return checkpoint;
    }

    /// <summary>Reads the manifest of a folder, and nothing else of it.</summary>
    internal static CheckpointManifest ReadManifest(string folder, long stepsDone)
    {
        var path = Path.Combine(folder, CheckpointManifest.FileName);
        var manifest = ManifestJson.Read(RegularFile.ReadAllBytes(path, ManifestJson.MaxBytes), path);
        return manifest.StepsDone == stepsDone
            ? manifest
            : throw new InvalidDataException($"{path}: is of {manifest.StepsDone} updates, the folder of {stepsDone}");
    }

    private string PathOf(int rank) => Path.Combine(_folder, CheckpointManifest.FileOf(rank));
}
