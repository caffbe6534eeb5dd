using ActorRing.Actors.Ids;
using ActorRing.Compute.Checkpoints;
using ActorRing.Compute.Checkpoints.Training;

namespace ActorRing.Compute.Specs.Checkpoints.Training;

public sealed class CommitSpec : IDisposable
{
    private static readonly RingEpoch First = new(1, 1);
    private static readonly RingEpoch Second = new(1, 2);
    private static readonly RingEpoch Third = new(2, 3);
    private readonly TemporaryFolder _folder = new();
    private readonly TrainingCheckpoints _checkpoints;

    public CommitSpec() => _checkpoints = new TrainingCheckpoints(_folder.At("job"));

    public static TheoryData<Fault> Faults => new(Fault.Refusal, Fault.Death, Fault.DeathAfterwards);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Faults))]
    public void Save_must_leave_the_old_or_the_new_one_whole_whichever_disk_operation_goes_wrong(Fault fault) =>
        RequireOldOrNew(fault, checkpoints => SampleState.Save(checkpoints, 2, Second, keep: 1), [1, 2], lastFolder: 2, operations: 38);

    [Theory]
    [MemberData(nameof(Faults))]
    public void Save_must_leave_the_old_or_the_new_one_whole_when_it_replaces_one_of_an_earlier_epoch(Fault fault) =>
        RequireOldOrNew(fault, checkpoints => SampleState.Save(checkpoints, 1, Second, keep: 1, content: 2), [1, 2], lastFolder: 1, operations: 36);

    [Fact]
    public void Commit_must_change_nothing_when_it_is_repeated()
    {
        var manifest = SampleState.Write(_checkpoints, 1, First);
        var hash = _checkpoints.Commit(manifest, keep: 2);
        var before = Contents();

        Assert.Equal(hash, _checkpoints.Commit(manifest, keep: 2));
        Assert.Equal(before, Contents());
        Assert.Equal(hash, ShardFile.Measure(_folder.At("job", "step-1", CheckpointManifest.FileName)).Sha256);
    }

    [Fact]
    public void Commit_must_keep_what_is_there_when_a_later_epoch_brings_the_same_state()
    {
        var hash = SampleState.Save(_checkpoints, 1, First, keep: 2);

        Assert.Equal(hash, SampleState.Save(_checkpoints, 1, Second, keep: 2));
        Assert.Equal(First, _checkpoints.Open(1).Manifest.Epoch);
        Assert.Equal(["step-1"], Names());
    }

    [Theory]
    [InlineData("rank-00000.safetensors")]
    [InlineData("manifest.json")]
    public void Commit_must_set_what_is_there_aside_when_it_is_damaged_and_a_later_epoch_brings_the_same_state(string name)
    {
        SampleState.Save(_checkpoints, 1, First, keep: 2);
        var path = _folder.At("job", "step-1", name);
        var bytes = File.ReadAllBytes(path);
        bytes[^9] ^= 1;
        File.WriteAllBytes(path, bytes);

        SampleState.Save(_checkpoints, 1, Second, keep: 2);
        Assert.Equal(Second, _checkpoints.Open(1).Manifest.Epoch);
        Assert.Equal(["step-1", "step-1.damaged-1"], Names());
    }

    [Fact]
    public void Commit_must_refuse_another_state_of_no_later_epoch()
    {
        SampleState.Save(_checkpoints, 1, Second, keep: 2);

        Assert.Throws<IOException>(() => SampleState.Save(_checkpoints, 1, Second, keep: 2, content: 5));
        Assert.Throws<IOException>(() => SampleState.Save(_checkpoints, 1, First, keep: 2, content: 6));
        Assert.Equal(1, SampleState.Load(_checkpoints, 1));
    }

    [Fact]
    public void Commit_must_refuse_and_leave_all_when_a_shard_is_missing_or_short()
    {
        SampleState.Save(_checkpoints, 1, First, keep: 1);
        var manifest = SampleState.Write(_checkpoints, 2, First);
        var shard = _folder.At("job", "step-2.tmp-1.1", CheckpointManifest.FileOf(1));
        using (var file = File.OpenWrite(shard))
        {
            file.SetLength(file.Length - 1);
        }

        Assert.Contains("bytes; its rank said", Assert.Throws<InvalidDataException>(() => _checkpoints.Commit(manifest, keep: 1)).Message, StringComparison.Ordinal);
        File.Delete(shard);
        Assert.Contains("is missing", Assert.Throws<InvalidDataException>(() => _checkpoints.Commit(manifest, keep: 1)).Message, StringComparison.Ordinal);
        Assert.Equal([1], _checkpoints.Newest());
    }

    [Fact]
    public void Commit_must_delete_nothing_when_the_new_one_does_not_read_back()
    {
        SampleState.Save(_checkpoints, 1, First, keep: 1);
        var manifest = SampleState.Write(_checkpoints, 2, First);
        var shard = _folder.At("job", "step-2.tmp-1.1", CheckpointManifest.FileOf(1));
        var bytes = File.ReadAllBytes(shard);
        bytes[^1] ^= 1;
        File.WriteAllBytes(shard, bytes);

        Assert.Throws<InvalidDataException>(() => _checkpoints.Commit(manifest, keep: 1));
        Assert.Equal(1, SampleState.Load(_checkpoints, 1));
    }

    // Nothing had to be deleted, so that nobody read it: a kernel that took the bytes and lost them was believed.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Commit_must_set_the_new_one_aside_when_it_does_not_read_back_also_where_none_is_deleted(bool isRepeated)
    {
        var manifest = SampleState.Write(_checkpoints, 1, First);
        if (isRepeated)
        {
            _checkpoints.Commit(manifest, keep: 2);
        }

        var shard = _folder.At("job", isRepeated ? "step-1" : "step-1.tmp-1.1", CheckpointManifest.FileOf(1));
        var bytes = File.ReadAllBytes(shard);
        bytes[^1] ^= 1;
        File.WriteAllBytes(shard, bytes);

        Assert.Contains(CheckpointManifest.FileOf(1), Assert.Throws<InvalidDataException>(() => _checkpoints.Commit(manifest, keep: 2)).Message, StringComparison.Ordinal);
        Assert.Equal(["step-1.damaged-1"], Names());
    }

    [Fact]
    public void Commit_must_sync_what_holds_the_folder_although_an_earlier_sync_of_it_failed()
    {
        var (synced, fails) = (new List<string>(), true);
        var checkpoints = new TrainingCheckpoints(_folder.At("job"), new RealDisk((_, path) =>
        {
            if (fails && path == Path.TrimEndingDirectorySeparator(_folder.At()))
            {
                throw new IOException($"{path}: fsync failed");
            }

            synced.Add(path);
        }));
        var manifest = SampleState.Write(checkpoints, 1, First);
        Assert.Throws<IOException>(() => checkpoints.Commit(manifest, keep: 1));
        fails = false;

        checkpoints.Commit(manifest, keep: 1);

        Assert.Contains(Path.TrimEndingDirectorySeparator(_folder.At()), synced);
    }

    [Fact]
    public void Commit_must_report_a_sync_that_fails_when_older_ones_are_deleted()
    {
        SampleState.Save(_checkpoints, 1, First, keep: 1);
        var isRemoved = false;
        var checkpoints = new TrainingCheckpoints(_folder.At("job"), new RealDisk((_, path) =>
        {
            isRemoved |= Directory.Exists(_folder.At("job", "step-1.removed"));
            if (isRemoved)
            {
                throw new IOException($"{path}: fsync failed");
            }
        }));

        Assert.Contains("fsync failed", Assert.Throws<IOException>(() => SampleState.Save(checkpoints, 2, First, keep: 1)).Message, StringComparison.Ordinal);
        Assert.Equal(2, SampleState.Load(_checkpoints, 2));
    }

    [Fact]
    public void Commit_must_keep_the_newest_and_delete_what_earlier_epochs_left()
    {
        SampleState.Save(_checkpoints, 1, First, keep: 2);
        SampleState.Write(_checkpoints, 2, First);
        SampleState.Save(_checkpoints, 3, Second, keep: 2);
        SampleState.Write(_checkpoints, 6, Third);
        SampleState.Write(_checkpoints, 6, Second);
        Assert.Equal(["step-1", "step-3", "step-6.tmp-1.2", "step-6.tmp-2.3"], Names());

        SampleState.Save(_checkpoints, 5, Second, keep: 2);

        Assert.Equal(["step-3", "step-5", "step-6.tmp-1.2", "step-6.tmp-2.3"], Names());
        SampleState.Save(_checkpoints, 6, Third, keep: 2);
        Assert.Equal(["step-5", "step-6"], Names());
        Assert.Equal([6, 5], _checkpoints.Newest());
    }

    [Fact]
    public void Commit_must_keep_the_one_that_the_caller_still_needs_and_delete_it_next_time()
    {
        SampleState.Save(_checkpoints, 1, First, keep: 1);
        _checkpoints.Commit(SampleState.Write(_checkpoints, 2, First), keep: 1, needed: 1);
        Assert.Equal([2, 1], _checkpoints.Newest());
        _checkpoints.Commit(SampleState.Write(_checkpoints, 3, First), keep: 1, needed: 2);
        Assert.Equal([3, 2], _checkpoints.Newest());
    }

    [Fact]
    public void Verify_must_accept_the_one_that_was_committed_and_refuse_another_whole_one()
    {
        var hash = SampleState.Save(_checkpoints, 1, First, keep: 1);
        _checkpoints.Verify(1, hash);
        var other = SampleState.Save(_checkpoints, 1, Second, keep: 1, content: 2);

        Assert.Contains("the one committed had", Assert.Throws<InvalidDataException>(() => _checkpoints.Verify(1, hash)).Message, StringComparison.Ordinal);
        _checkpoints.Verify(1, other);
    }

    [Fact]
    public void Owner_must_be_told_of_a_checkpoint_whose_shards_are_damaged_and_of_none_whose_manifest_is()
    {
        SampleState.Save(_checkpoints, 1, First, keep: 1);
        File.Delete(_folder.At("job", "step-1", CheckpointManifest.FileOf(0)));
        Assert.Equal("job-1", _checkpoints.OwnerOf(1));
        File.WriteAllText(_folder.At("job", "step-1", CheckpointManifest.FileName), "{}");
        Assert.Null(_checkpoints.OwnerOf(1));
    }

    [Fact]
    public void Shard_must_not_be_overwritten_when_it_is_written_again()
    {
        var receipts = SampleState.Write(_checkpoints, 1, First).Shards;

        Assert.Equal(receipts.AsEnumerable(), SampleState.Write(_checkpoints, 1, First).Shards);
        Assert.Contains("never overwritten", Assert.Throws<IOException>(() => SampleState.Write(_checkpoints, 1, First, content: 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quarantine_must_set_a_checkpoint_aside_and_keep_it()
    {
        SampleState.Save(_checkpoints, 1, First, keep: 3);
        SampleState.Save(_checkpoints, 2, First, keep: 3);
        var aside = _checkpoints.Quarantine(2);
        SampleState.Save(_checkpoints, 2, Second, keep: 3);

        Assert.Equal(_folder.At("job", "step-2.damaged-1"), aside);
        Assert.Equal(_folder.At("job", "step-2.damaged-2"), _checkpoints.Quarantine(2));
        Assert.Equal([1], _checkpoints.Newest());
        Assert.Throws<FileNotFoundException>(() => _checkpoints.Open(2));
    }

    private void RequireOldOrNew(Fault fault, Action<TrainingCheckpoints> save, long[] states, long lastFolder, int operations)
    {
        var (operation, olds, news) = (0, 0, 0);
        for (var struck = true; struck; operation++)
        {
            var root = _folder.At($"{fault}-{operation}");
            var real = new TrainingCheckpoints(root);
            SampleState.Save(real, 1, First, keep: 1);
            var disk = new FaultyDisk(fault, operation);
            var reported = false;
            try
            {
                save(new TrainingCheckpoints(root, disk));
                reported = true;
            }
            catch (Exception fate) when (fate is IOException or FaultyDisk.ProcessDeath)
            {
            }

            struck = disk.Struck;
            var newest = real.Newest();
            var found = newest.Select(steps => SampleState.Load(real, steps)).ToArray();
            Assert.NotEmpty(found);
            Assert.All(found, state => Assert.Contains(state, states));
            Assert.True(!reported || found[0] == states[1], $"operation {operation}: reported as done, found {found[0]}");
            (olds, news) = found[0] == states[0] ? (olds + 1, news) : (olds, news + 1);

            // Whatever was left, the next epoch gets on with it.
            SampleState.Save(real, (int)lastFolder, Third, keep: 1, content: (int)states[1]);
            Assert.Equal(states[1], SampleState.Load(real, lastFolder));
            Assert.Equal([$"step-{lastFolder}"], Directory.GetDirectories(root).Select(path => Path.GetFileName(path)!));
            Directory.Delete(root, recursive: true);
        }

        // The last round is the one in which nothing went wrong.
        Assert.Equal(operations, operation);
        Assert.True(olds > 0 && news > 1, $"{olds} left the old one and {news} the new one");
    }

    private string[] Names() => [.. Directory.GetDirectories(_folder.At("job")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private string[] Contents() =>
        [.. Directory.GetFiles(_folder.At("job"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path => $"{path} {ShardFile.Measure(path)} {File.GetLastWriteTimeUtc(path):O}")];
}
