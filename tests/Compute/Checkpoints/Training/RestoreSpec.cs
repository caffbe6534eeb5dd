using ActorRing.Actors.Ids;
using ActorRing.Compute.Checkpoints;
using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Specs.Communication;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Checkpoints.Training;

/// <summary>Ranks share the work of checking a checkpoint: whatever is damaged is found by one of them, and then none of them loads.</summary>
public sealed class RestoreSpec : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainingCheckpoints _checkpoints;

    public RestoreSpec()
    {
        _checkpoints = new TrainingCheckpoints(_folder.At("job"));
        SampleState.Save(_checkpoints, 2, new RingEpoch(1, 1), keep: 1);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)] // more ranks than shards
    public void Restore_must_give_every_rank_all_weights_and_its_moments_on_any_number_of_ranks(int ranks)
    {
        var weights = new float[ranks][];
        Run(ranks, (rank, state) =>
        {
            Assert.Equal(SampleState.Digest(2), _checkpoints.Restore(2, state));
            Assert.Equal(2, state.Optimizer.Updates);
            weights[rank] = Read(state);
        });
        using var whole = new SampleState(2);
        Assert.All(weights, found => Assert.Equal(Read(whole.State), found));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Restore_must_load_nothing_on_any_rank_when_a_bit_of_any_file_is_another_one(int ranks)
    {
        foreach (var name in new[] { CheckpointManifest.FileOf(0), CheckpointManifest.FileOf(1), CheckpointManifest.FileName })
        {
            var path = _folder.At("job", "step-2", name);
            var whole = File.ReadAllBytes(path);
            var random = new Random(3);
            for (var time = 0; time < 20; time++)
            {
                var spoilt = whole.ToArray();
                spoilt[random.Next(whole.Length)] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(path, spoilt);
                RequireRefusal(ranks, name);
            }

            File.WriteAllBytes(path, whole[..^1]);
            RequireRefusal(ranks, name);
            File.Delete(path);
            RequireRefusal(ranks, name);
            File.WriteAllBytes(path, whole);
        }
    }

    [Fact]
    public void Restore_must_check_the_file_of_a_rank_that_owned_nothing()
    {
        var checkpoints = new TrainingCheckpoints(_folder.At("many"));
        var receipts = new ShardReceipt[8];
        Run(8, (rank, state) =>
        {
            receipts[rank] = checkpoints.WriteShard(state, 0, new RingEpoch(1, 1));
        });
        checkpoints.Commit(SampleState.Write(new TrainingCheckpoints(_folder.At("other")), 0, new RingEpoch(1, 1)) with { Shards = [.. receipts] }, keep: 1);
        var empty = Enumerable.Range(0, 8).Last(rank => SampleState.Map.OwnedBy(rank, 8).IsEmpty);
        var path = _folder.At("many", "step-0", CheckpointManifest.FileOf(empty));
        var bytes = File.ReadAllBytes(path);
        bytes[^2] ^= 1;
        File.WriteAllBytes(path, bytes);

        foreach (var ranks in new[] { 1, 3 })
        {
            var refusals = new string[ranks];
            Run(ranks, (rank, state) => refusals[rank] = Assert.Throws<InvalidDataException>(() => checkpoints.Restore(0, state)).Message);
            Assert.Single(refusals, refusal => refusal.Contains(CheckpointManifest.FileOf(empty), StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Each_rank_must_hash_its_own_file_alone_when_as_many_ranks_load_as_wrote()
    {
        var path = _folder.At("job", "step-2", CheckpointManifest.FileOf(1));
        File.Delete(path);
        var faults = new Exception[2];
        Run(2, (rank, state) => faults[rank] = Assert.ThrowsAny<Exception>(() => _checkpoints.Restore(2, state)));
        Assert.Contains("1 of 2 ranks cannot read their part; nothing was loaded", Assert.IsType<InvalidDataException>(faults[0]).Message, StringComparison.Ordinal);
        Assert.Contains(CheckpointManifest.FileOf(1), Assert.IsType<FileNotFoundException>(faults[1]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_must_be_told_of_all_bytes_in_bounded_intervals_while_files_are_written_checked_and_loaded()
    {
        const int every = 1000;
        var told = new List<long>();
        var checkpoints = new TrainingCheckpoints(_folder.At("slow"), new ByteProgress(told.Add, every));
        var manifest = SampleState.Write(checkpoints, 1, new RingEpoch(1, 1));
        var bytes = manifest.Shards.Sum(shard => shard.Bytes);
        var largestPart = 4 * SampleState.Map.ShardElements;
        Require(bytes - (2 * 4096), bytes); // headers are no work
        checkpoints.Commit(manifest, keep: 1);
        Require(bytes, bytes + every); // read back, and what was left to tell
        using var sample = new SampleState(0);

        checkpoints.Restore(1, sample.State);

        Require(3 * bytes - (4 * 4096), 3 * bytes); // hashed as files, loaded, hashed as state

        void Require(long least, long most)
        {
            Assert.All(told.Order().SkipLast(2), interval => Assert.InRange(interval, every, every + largestPart)); // a file of which one piece is all is two of them
            Assert.InRange(told.Sum(), least - every, most);
            told.Clear();
        }
    }

    [Fact]
    public void Large_file_must_be_synced_as_it_grows_so_that_its_commit_has_little_left_to_wait_for()
    {
        var syncs = new List<long>();
        using var file = DurableFile.Create(_folder.At("large"), (handle, _) => syncs.Add(RandomAccess.GetLength(handle)));
        for (var piece = 0; piece < 40; piece++)
        {
            file.Append(new byte[4 << 20]);
        }

        Assert.Equal([64 << 20, 128 << 20], syncs);
        file.Commit();
        Assert.Equal(160 << 20, syncs[2]);
    }

    private void RequireRefusal(int ranks, string file)
    {
        var refusals = new string[ranks];
        Run(ranks, (rank, state) =>
        {
            var before = Read(state);
            refusals[rank] = Assert.ThrowsAny<Exception>(() => _checkpoints.Restore(2, state)).Message;
            Assert.Equal(before, Read(state));
            Assert.Equal(1, state.Optimizer.Updates);
        });
        Assert.Contains(refusals, refusal => refusal.Contains(file, StringComparison.Ordinal));
        Assert.All(refusals, refusal => Assert.DoesNotContain('\n', refusal));
    }

    private static void Run(int ranks, Action<int, Compute.Sharding.TrainingState> body) => RankGroup.Run(RankGroup.Options(TransportKind.Loopback), ranks, self =>
    {
        using var group = new CommunicatorGroup(self.Device, self.Communicator);
        using var sample = new SampleState(1, group, self.Device);
        body(group.Rank, sample.State);
    });

    private static float[] Read(Compute.Sharding.TrainingState state)
    {
        var values = new float[state.Parameters.Master.Flat.Count];
        state.Parameters.Device.Read<float>(state.Parameters.Master.Flat, values);
        return values;
    }
}
