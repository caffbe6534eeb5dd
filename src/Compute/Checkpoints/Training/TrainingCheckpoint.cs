using ActorRing.Actors.Ids;
using ActorRing.Compute.Sharding;

namespace ActorRing.Compute.Checkpoints.Training;

/// <summary>A committed TrainingCheckpoint whose every byte has been checked: by whoever opened it, or by the ranks that are about to load it, each its part.</summary>
public sealed class TrainingCheckpoint
{
    private readonly string _folder;
    private readonly ByteProgress? _progress;

    private TrainingCheckpoint(string folder, CheckpointManifest manifest, ByteProgress? progress)
    {
        _folder = folder;
        _progress = progress;
        Manifest = manifest;
    }

    /// <summary>What it is, and where its training goes on.</summary>
    public CheckpointManifest Manifest { get; }

    /// <summary>Loads weights, and the moments that this rank owns, whatever number of ranks and mode wrote them. Collective.</summary>
    /// <param name="state">This rank's; overwritten.</param>
    /// <returns>The digest of what was loaded, which is the manifest's.</returns>
    /// <exception cref="InvalidDataException">
    /// The model has other sizes: nothing was loaded. Or a file is not what it was when it was checked, or what was loaded is not the state that was saved: the state
    /// must not be used.
    /// </exception>
    /// <exception cref="IOException">The disk refused; the state must not be used.</exception>
    /// <remarks>
    /// Each rank reads the shards that it owns, whose bytes the digest covers, and gets the other weights from their owners: 12 bytes of each owned element from the disk, 4 of
    /// each other one from a rank.
    /// </remarks>
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
            if (IsShared(run, state.Optimizer.Owned))
            {
                using var file = ShardFile.Open(PathOf(rank), state.Shards, run);
                ShardFile.Load(file, run, state, _progress);
            }
        }

        state.Optimizer.Restore(Manifest.OptimizerUpdates);
        var digest = state.Digest(_progress);
        state.Group.Gather(state.Shards, state.Parameters.Master.Flat);
        state.Parameters.Publish();
        return digest == Manifest.Digest
            ? digest
            : throw new InvalidDataException($"{_folder}: the state loaded has digest {digest.Value:x16}, the state saved had {Manifest.Digest.Value:x16}; it must not be used");
    }

    /// <summary>Checks a folder: manifest, names, and length, hash and header of every file.</summary>
    internal static TrainingCheckpoint Open(string folder, long stepsDone, ByteProgress? progress)
    {
        var checkpoint = new TrainingCheckpoint(folder, ReadManifest(folder, stepsDone), progress);
        for (var rank = 0; rank < checkpoint.Manifest.Ranks; rank++)
        {
            checkpoint.Check(rank);
        }

        return checkpoint;
    }

    /// <summary>
    /// Checks this rank's part of a folder: the manifest and every file of which it will load something. Files of which nobody does, since their ranks owned nothing, are
    /// shared out; so all ranks together check every byte.
    /// </summary>
    internal static TrainingCheckpoint OpenPart(string folder, long stepsDone, TrainingState state, ByteProgress? progress)
    {
        var checkpoint = new TrainingCheckpoint(folder, ReadManifest(folder, stepsDone), progress);
        var (manifest, group) = (checkpoint.Manifest, state.Group);
        if (ManifestJson.Difference(manifest.Model, state.Parameters.Dims) is { } difference)
        {
            throw new InvalidDataException($"{folder}: {difference}");
        }

        for (var rank = 0; rank < manifest.Ranks; rank++)
        {
            var run = state.Shards.OwnedBy(rank, manifest.Ranks);
            if (run.IsEmpty ? rank % group.Ranks == group.Rank : IsShared(run, state.Optimizer.Owned))
            {
                checkpoint.Check(rank);
            }
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

    private static bool IsShared(ShardRun one, ShardRun other) => Math.Max(one.FirstShard, other.FirstShard) < Math.Min(one.EndShard, other.EndShard);

    private void Check(int rank)
    {
        var (path, map) = (PathOf(rank), Manifest.Map);
        var (found, promised) = (ShardFile.Measure(path, _progress), Manifest.Shards[rank]);
        if (found != promised)
        {
            throw new InvalidDataException($"{path}: has {found.Bytes} bytes and SHA-256 {found.Sha256}; the manifest says {promised.Bytes} and {promised.Sha256}");
        }

        ShardFile.Open(path, map, map.OwnedBy(rank, Manifest.Ranks)).Dispose();
    }

    private string PathOf(int rank) => Path.Combine(_folder, CheckpointManifest.FileOf(rank));
}
