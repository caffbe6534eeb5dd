using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Checkpoints.Replicas;
using ActorRing.Compute.Sharding;

namespace ActorRing.Compute.Checkpoints.Training;

/// <summary>The TrainingCheckpoints of one job, in one folder that all its ranks and its coordinator share.</summary>
/// <remarks>
/// <para>Two phases. Every rank writes its file into <c>step-S.tmp-EPOCH</c>, durably; when all have, the coordinator writes the manifest there, durably, and renames
/// the folder to <c>step-S</c>. A crash anywhere leaves the checkpoints that there were, or those and the new one.</para>
/// <para>Nothing committed is written to or, before its successor was read back whole, deleted.</para>
/// </remarks>
public sealed class TrainingCheckpoints
{
    private readonly string _root;
    private readonly IDisk _disk;
    private readonly ByteProgress? _progress;

    /// <summary>The checkpoints below a folder.</summary>
    /// <param name="root">Made, with mode 0700, when the first shard is written; its parent must exist.</param>
    /// <param name="progress">Told while files are written, read and hashed; null for none.</param>
    public TrainingCheckpoints(string root, ByteProgress? progress = null)
        : this(root, new RealDisk(), progress)
    {
    }

    internal TrainingCheckpoints(string root, IDisk disk, ByteProgress? progress = null)
    {
        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        _disk = disk;
        _progress = progress;
    }

    /// <summary>Updates in each committed checkpoint, newest first. They are not checked: <see cref="Open"/> does that.</summary>
    public IReadOnlyList<long> Newest() => [.. Folders().Where(folder => folder.Kind == FolderKind.Committed).Select(folder => folder.StepsDone).OrderDescending()];

    /// <summary>First phase: writes this rank's file, synced. Ranks may do so at the same time.</summary>
    /// <param name="state">This rank's; borrowed, and must not change meanwhile.</param>
    /// <param name="stepsDone">Updates in it.</param>
    /// <param name="epoch">In which the rank is.</param>
    /// <exception cref="IOException">The disk refused; nothing counts.</exception>
    /// <remarks>Writing the same once more changes nothing. Cost: one pass over 12 bytes of each owned element.</remarks>
    public ShardReceipt WriteShard(TrainingState state, long stepsDone, RingEpoch epoch)
    {
        ArgumentNullException.ThrowIfNull(state);
        return WriteShard((IShardSource)state, stepsDone, epoch);
    }

    /// <summary>As <see cref="WriteShard(TrainingState, long, RingEpoch)"/>, from the copy that a rank has put aside: its state may change meanwhile. Any thread.</summary>
    /// <param name="copy">Borrowed.</param>
    /// <param name="epoch">In which the rank is.</param>
    /// <exception cref="IOException">The disk refused; nothing counts.</exception>
    public ShardReceipt WriteShard(OpenPart copy, RingEpoch epoch)
    {
        ArgumentNullException.ThrowIfNull(copy);
        return WriteShard(copy, copy.Name.StepsDone, epoch);
    }

    private ShardReceipt WriteShard(IShardSource source, long stepsDone, RingEpoch epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stepsDone);
        var folder = At(CheckpointFolder.Temporary(stepsDone, epoch));
        var path = Path.Combine(folder, CheckpointManifest.FileOf(source.Rank));
        try
        {
            _disk.CreateFolder(_root);
            _disk.CreateFolder(folder);
            return ShardFile.Write(path, source, stepsDone, _disk, _progress);
        }
        catch (IOException fault)
        {
            // The system's message ends with the name that the file had until then, another one at every attempt.
            throw new IOException($"{path}: {fault.Message.Split(" : '")[0]}", fault);
        }
    }

    /// <summary>Second phase: makes what the ranks wrote the checkpoint of <see cref="CheckpointManifest.StepsDone"/>, synced. Called by the coordinator alone.</summary>
    /// <param name="manifest">With a receipt for every rank.</param>
    /// <param name="keep">How many of the newest stay, at least 1; older ones are deleted.</param>
    /// <param name="needed">
    /// Updates in the one that the caller would go back to if it ended now: it and newer ones stay. Without it a coordinator that dies between this call and its note of it
    /// would look for one that is deleted.
    /// </param>
    /// <returns>SHA-256 of the manifest that is in place, lower-case hexadecimal.</returns>
    /// <exception cref="InvalidDataException">
    /// A file is missing or not as long as its receipt says, or what was written does not read back, which is set aside then; nothing was deleted.
    /// </exception>
    /// <exception cref="IOException">The disk refused, or another state is in place that is not of an earlier epoch.</exception>
    /// <remarks>
    /// Committing the same state again changes nothing, and makes sure that it is on the disk. Another state under the same number of updates, of an earlier epoch (a
    /// coordinator ended before it could note that commit), is exchanged for this one; a damaged one is set aside. What earlier epochs left behind is deleted. Cost: reads and
    /// hashes all files once.
    /// </remarks>
    public string Commit(CheckpointManifest manifest, int keep, long needed = long.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        var (final, temporary) = (At(CheckpointFolder.Committed(manifest.StepsDone)), At(CheckpointFolder.Temporary(manifest.StepsDone, manifest.Epoch)));
        var old = WholeAt(final, temporary, manifest.StepsDone);
        var isThere = old is not null && (old.Job, old.Digest) == (manifest.Job, manifest.Digest);
        if (old is not null && !isThere && (old.Job != manifest.Job || old.Epoch >= manifest.Epoch))
        {
            throw new IOException($"{final}: holds a state of job {old.Job}, epoch {old.Epoch}; only a later epoch of that job may replace it, not {manifest.Epoch} of {manifest.Job}");
        }

        if (!isThere)
        {
            Complete(temporary, manifest);
            if (old is null)
            {
                _disk.Rename(temporary, final);
            }
            else
            {
                _disk.Exchange(temporary, final);
            }
        }

        // Also where nothing was made or renamed: the sync of an earlier call may have failed.
        SyncFolder(Path.GetDirectoryName(_root)!);
        SyncFolder(_root);
        ReadBack(manifest.StepsDone);
        var older = Newest().Where(stepsDone => stepsDone < manifest.StepsDone).Skip(keep - 1).Where(stepsDone => stepsDone < needed).ToList();
        if (RenameToRemove(older))
        {
            // The new one is on the disk already; but a disk that refuses a sync is never said to be well.
            SyncFolder(_root);
        }

        try
        {
            DeleteLeftovers(manifest.Epoch, manifest.StepsDone);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The checkpoint is in place all the same; the next commit tries again.
        }

        return Convert.ToHexStringLower(SHA256.HashData(ManifestJson.Write(isThere ? old! : manifest)));
    }

    /// <summary>Deletes what ranks wrote for checkpoints that failed and will not be committed: in earlier epochs, and in this one up to an update. Called by the coordinator alone.</summary>
    /// <param name="epoch">In which the ranks are.</param>
    /// <param name="stepsDone">Updates in the newest one that is given up.</param>
    /// <exception cref="IOException">The disk refused; some may be left, for the next call or the next <see cref="Commit"/>.</exception>
    /// <remarks>A rank that writes into one of them meanwhile fails, or leaves its file to the next call.</remarks>
    public void Discard(RingEpoch epoch, long stepsDone)
    {
        // Not what is on its way out of a commit's hands: that may run at the same time, and deletes it only when its new name is on the disk.
        DeleteTemporary(epoch, stepsDone);
    }

    /// <summary>Checks a committed checkpoint to the last byte, before anything of it is loaded.</summary>
    /// <exception cref="FileNotFoundException">There is none, or a file of it is missing.</exception>
    /// <exception cref="InvalidDataException">It is damaged: one line with the file and the reason.</exception>
    /// <remarks>Cost: reads and hashes all files.</remarks>
    public TrainingCheckpoint Open(long stepsDone) => TrainingCheckpoint.Open(At(CheckpointFolder.Committed(stepsDone)), stepsDone, _progress);

    /// <summary>
    /// Checks a committed checkpoint together with the other ranks, each the files of which it needs something, and loads it once all have found their part whole. Collective.
    /// </summary>
    /// <param name="stepsDone">Updates in it.</param>
    /// <param name="state">This rank's; overwritten once every byte has been checked by somebody.</param>
    /// <returns>As <see cref="TrainingCheckpoint.Load"/>.</returns>
    /// <exception cref="FileNotFoundException">There is none, or a file of this rank's part is missing; no rank has loaded anything.</exception>
    /// <exception cref="InvalidDataException">It is damaged, here or in another rank's part, or of another model: no rank has loaded anything. Or as <see cref="TrainingCheckpoint.Load"/>.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    /// <remarks>
    /// Cost: where as many ranks load as wrote, each reads and hashes its own file and reads it once more; otherwise a file is hashed by each rank that needs some of it.
    /// </remarks>
    public StateDigest Restore(long stepsDone, TrainingState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var folder = At(CheckpointFolder.Committed(stepsDone));
        TrainingCheckpoint? checkpoint = null;
        ExceptionDispatchInfo? flaw = null;
        try
        {
            checkpoint = TrainingCheckpoint.OpenPart(folder, stepsDone, state, _progress);
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            // The others must hear of it before they touch their state.
            flaw = ExceptionDispatchInfo.Capture(fault);
        }

        var flaws = state.Group.Sum(flaw is null ? 0 : 1);
        flaw?.Throw();
        return flaws == 0 ? checkpoint!.Load(state) : throw new InvalidDataException($"{folder}: {flaws} of {state.Group.Ranks} ranks cannot read their part; nothing was loaded");
    }

    /// <summary>As <see cref="Open"/>, and requires the manifest that was committed: not another whole checkpoint of as many updates.</summary>
    /// <param name="stepsDone">Updates in it.</param>
    /// <param name="manifestSha256">What <see cref="Commit"/> returned.</param>
    /// <exception cref="FileNotFoundException">There is none, or a file of it is missing.</exception>
    /// <exception cref="InvalidDataException">It is damaged or another one: one line with the file and the reason.</exception>
    public void Verify(long stepsDone, string manifestSha256)
    {
        var found = Convert.ToHexStringLower(SHA256.HashData(ManifestJson.Write(Open(stepsDone).Manifest)));
        if (found != manifestSha256)
        {
            var path = Path.Combine(At(CheckpointFolder.Committed(stepsDone)), CheckpointManifest.FileName);
            throw new InvalidDataException($"{path}: has SHA-256 {found}; the one committed had {manifestSha256}");
        }
    }

    /// <summary>Whether a checkpoint of so many updates was set aside as damaged.</summary>
    public bool IsSetAside(long stepsDone) => Directory.Exists(At(CheckpointFolder.Damaged(stepsDone, 1)));

    /// <summary>Whose a committed checkpoint is; null if its manifest cannot be read.</summary>
    public string? OwnerOf(long stepsDone)
    {
        try
        {
            return TrainingCheckpoint.ReadManifest(At(CheckpointFolder.Committed(stepsDone)), stepsDone).Job;
        }
        catch (Exception flaw) when (flaw is InvalidDataException or FileNotFoundException or OtherVersionException)
        {
            return null;
        }
    }

    /// <summary>Sets a damaged checkpoint aside, so that it is not found any more, and keeps it as evidence. Called by the coordinator alone.</summary>
    /// <returns>Its new path.</returns>
    /// <exception cref="IOException">There is none, or the disk refused.</exception>
    public string Quarantine(long stepsDone)
    {
        var number = 1;
        while (Path.Exists(At(CheckpointFolder.Damaged(stepsDone, number))))
        {
            number++;
        }

        var aside = At(CheckpointFolder.Damaged(stepsDone, number));
        _disk.Rename(At(CheckpointFolder.Committed(stepsDone)), aside);
        SyncFolder(_root);
        return aside;
    }

    // What an earlier call put in place and nobody noted may have gone bad since: where there is another to take its place, it is read first and set aside if it has.
    private CheckpointManifest? WholeAt(string final, string temporary, long stepsDone)
    {
        if (!Directory.Exists(final) || !Directory.Exists(temporary))
        {
            return Directory.Exists(final) ? TrainingCheckpoint.ReadManifest(final, stepsDone) : null;
        }

        try
        {
            return Open(stepsDone).Manifest;
        }
        catch (Exception damage) when (damage is InvalidDataException or FileNotFoundException)
        {
            Quarantine(stepsDone);
            return null;
        }
    }

    // Everything in the folder is what the manifest says, and on the disk.
    private void Complete(string temporary, CheckpointManifest manifest)
    {
        for (var rank = 0; rank < manifest.Ranks; rank++)
        {
            var path = Path.Combine(temporary, CheckpointManifest.FileOf(rank));
            var length = File.Exists(path) ? new FileInfo(path).Length : throw new InvalidDataException($"{path}: is missing; its rank said that it is there");
            if (length != manifest.Shards[rank].Bytes)
            {
                throw new InvalidDataException($"{path}: has {length} bytes; its rank said {manifest.Shards[rank].Bytes}");
            }
        }

        // What a writer left that was killed and began again.
        var wanted = Enumerable.Range(0, manifest.Ranks).Select(CheckpointManifest.FileOf).ToHashSet(StringComparer.Ordinal);
        foreach (var stray in Directory.GetFiles(temporary).Where(path => !wanted.Contains(Path.GetFileName(path))))
        {
            _disk.DeleteFile(stray);
        }

        DurableFile.WriteAllBytes(Path.Combine(temporary, CheckpointManifest.FileName), ManifestJson.Write(manifest), _disk);
    }

    // What the kernel took and lost, no call has reported: one more reason to read it.
    private void ReadBack(long stepsDone)
    {
        try
        {
            _ = Open(stepsDone);
        }
        catch (Exception damage) when (damage is InvalidDataException or FileNotFoundException)
        {
            Quarantine(stepsDone);
            throw;
        }
    }

    // Before they are deleted: half a folder must not bear the name of a whole one.
    private bool RenameToRemove(List<long> older)
    {
        var renamed = 0;
        try
        {
            foreach (var stepsDone in older)
            {
                var removed = At(CheckpointFolder.Removed(stepsDone));
                if (Directory.Exists(removed))
                {
                    _disk.DeleteFolder(removed);
                }

                _disk.Rename(At(CheckpointFolder.Committed(stepsDone)), removed);
                renamed++;
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // They stay for the next commit.
        }

        return renamed > 0;
    }

    private void DeleteLeftovers(RingEpoch epoch, long stepsDone)
    {
        foreach (var folder in Folders())
        {
            if (folder.Kind == FolderKind.Removed)
            {
                _disk.DeleteFolder(At(CheckpointFolder.Removed(folder.StepsDone)));
            }
        }

        DeleteTemporary(epoch, stepsDone);
    }

    private void DeleteTemporary(RingEpoch epoch, long stepsDone)
    {
        foreach (var folder in Folders())
        {
            if (folder.Writer is { } writer && (writer < epoch || (writer == epoch && folder.StepsDone <= stepsDone)))
            {
                _disk.DeleteFolder(At(CheckpointFolder.Temporary(folder.StepsDone, writer)));
            }
        }
    }

    private IEnumerable<CheckpointFolder> Folders() =>
        from path in Directory.Exists(_root) ? Directory.GetDirectories(_root) : []
        let folder = CheckpointFolder.Parse(Path.GetFileName(path))
        where folder is not null
        select folder.Value;

    private void SyncFolder(string path) => DurableDirectory.Flush(path, _disk.Sync);

    private string At(string name) => Path.Combine(_root, name);
}
