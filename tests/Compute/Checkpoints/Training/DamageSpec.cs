using ActorRing.Actors.Ids;
using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Checkpoints.Training;

/// <summary>Whatever happens to a committed checkpoint is noticed before anything of it is loaded.</summary>
public sealed class DamageSpec : IDisposable
{
    private static readonly RingEpoch Epoch = new(1, 1);
    private static readonly string[] Names = [CheckpointManifest.FileName, CheckpointManifest.FileOf(0), CheckpointManifest.FileOf(1)];
    private readonly TemporaryFolder _folder = new();
    private readonly TrainingCheckpoints _checkpoints;

    public DamageSpec()
    {
        _checkpoints = new TrainingCheckpoints(_folder.At("job"));
        SampleState.Save(_checkpoints, 1, Epoch, keep: 2);
        SampleState.Save(_checkpoints, 2, Epoch, keep: 2);
        Assert.Equal(2, SampleState.Load(_checkpoints, 2));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Restore_must_refuse_and_touch_nothing_when_a_file_is_cut_off_at_any_length_or_too_long()
    {
        using var live = new LiveState(_checkpoints);
        foreach (var name in Names)
        {
            using var file = new FileStream(At(name), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            var whole = File.ReadAllBytes(At(name));

            // Every length of the manifest and of one shard; of the other one, which is read by the same lines after the first, one in sixteen.
            for (var length = whole.Length - 1; length >= 0; length -= name == Names[2] && length > 64 ? 16 : 1)
            {
                file.SetLength(length);
                live.RequireRefusal(name);
            }

            RandomAccess.Write(file.SafeFileHandle, [.. whole, 0], 0);
            live.RequireRefusal(name);
            file.SetLength(whole.Length);
        }

        live.RequireRestore();
    }

    [Fact]
    public void Restore_must_refuse_and_touch_nothing_when_any_of_10_000_single_bits_is_flipped()
    {
        using var live = new LiveState(_checkpoints);
        var random = new Random(1);
        foreach (var (name, flips) in Names.Zip([2000, 4000, 4000]))
        {
            using var file = new FileStream(At(name), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            var whole = File.ReadAllBytes(At(name));
            for (var flip = 0; flip < flips; flip++)
            {
                var place = random.Next(whole.Length);
                RandomAccess.Write(file.SafeFileHandle, [(byte)(whole[place] ^ (1 << random.Next(8)))], place);
                live.RequireRefusal(name);
                RandomAccess.Write(file.SafeFileHandle, [whole[place]], place);
            }
        }

        live.RequireRestore();
    }

    [Fact]
    public void Restore_must_refuse_and_touch_nothing_when_shards_are_exchanged()
    {
        using var live = new LiveState(_checkpoints);
        File.Move(At(CheckpointManifest.FileOf(0)), At("aside"));
        File.Move(At(CheckpointManifest.FileOf(1)), At(CheckpointManifest.FileOf(0)));
        File.Move(At("aside"), At(CheckpointManifest.FileOf(1)));

        live.RequireRefusal(CheckpointManifest.FileOf(0));
    }

    /// <summary>Files of another step, of the same step as another epoch wrote it, and of another run, one by one and all shards below the old manifest.</summary>
    [Theory]
    [InlineData("other-step")]
    [InlineData("other-content")]
    [InlineData("other-run")]
    public void Restore_must_refuse_and_touch_nothing_when_files_of_another_one_are_mixed_in(string kind)
    {
        var other = Path.Combine(_folder.At("mixed"), kind == "other-step" ? "step-1" : "step-2");
        var others = new TrainingCheckpoints(_folder.At("mixed"));
        SampleState.Save(others, kind == "other-step" ? 1 : 2, kind == "other-run" ? new RingEpoch(7, 9) : Epoch, keep: 1, content: kind == "other-step" ? 1 : 5);
        using var live = new LiveState(_checkpoints);
        for (var mix = 1; mix < (1 << Names.Length) - 1; mix++)
        {
            var mixed = Names.Where((_, file) => (mix & (1 << file)) != 0).ToArray();
            var whole = Names.ToDictionary(name => name, name => File.ReadAllBytes(At(name)));
            Array.ForEach(mixed, name => File.Copy(Path.Combine(other, name), At(name), overwrite: true));
            live.RequireRefusal("");
            Array.ForEach(mixed, name => File.WriteAllBytes(At(name), whole[name]));
        }

        live.RequireRestore();
    }

    [Theory]
    [InlineData("rank-00001.safetensors")]
    [InlineData("manifest.json")]
    public void Open_must_name_a_missing_file(string name)
    {
        File.Delete(At(name));

        Assert.Contains(name, Assert.Throws<FileNotFoundException>(() => _checkpoints.Open(2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_must_refuse_a_manifest_that_says_something_else_with_a_hash_that_fits()
    {
        var manifest = _checkpoints.Open(2).Manifest;
        File.WriteAllBytes(At(CheckpointManifest.FileName), ManifestJson.Write(manifest with { Shards = [manifest.Shards[1], manifest.Shards[0]] }));

        RequireRefusal(CheckpointManifest.FileOf(0));
    }

    [Fact]
    public void Load_must_refuse_a_state_that_is_not_the_one_saved()
    {
        var manifest = _checkpoints.Open(2).Manifest;
        File.WriteAllBytes(At(CheckpointManifest.FileName), ManifestJson.Write(manifest with { OptimizerUpdates = 3 }));

        Assert.Contains("must not be used", Assert.Throws<InvalidDataException>(() => SampleState.Load(_checkpoints, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_must_name_the_difference_and_change_nothing_when_the_model_is_another()
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var parameters = new Parameters(device, SampleState.Dims with { MlpWidth = 32 }, ElementType.Float32);
        using var optimizer = new AdamW(parameters, new AdamWOptions());
        var state = new TrainingState(parameters, optimizer, new SingleRank());
        var before = state.Digest();

        Assert.EndsWith("mlp_width 24, the model at hand has 32", Assert.Throws<InvalidDataException>(() => _checkpoints.Open(2).Load(state)).Message, StringComparison.Ordinal);
        Assert.Equal(before, state.Digest());
    }

    private void RequireRefusal(string file)
    {
        var message = Assert.Throws<InvalidDataException>(() => _checkpoints.Open(2)).Message;
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    private string At(string name) => _folder.At("job", "step-2", name);

    /// <summary>A state that is trained on, into which a damaged checkpoint must not come.</summary>
    private sealed class LiveState : IDisposable
    {
        private readonly TrainingCheckpoints _checkpoints;
        private readonly SampleState _sample = new(1);
        private readonly float[] _before;
        private readonly float[] _now;

        internal LiveState(TrainingCheckpoints checkpoints)
        {
            _checkpoints = checkpoints;
            _now = new float[3 * (int)_sample.State.Parameters.Layout.Count];
            _before = [.. Read()];
        }

        public void Dispose() => _sample.Dispose();

        internal void RequireRefusal(string file)
        {
            var message = Assert.Throws<InvalidDataException>(() => _checkpoints.Restore(2, _sample.State)).Message;
            Assert.Contains(file, message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
            Assert.True(Read().AsSpan().SequenceEqual(_before), message);
            Assert.Equal(1, _sample.State.Optimizer.Updates);
        }

        /// <summary>What is not damaged comes in, so that a state that is as it was means something.</summary>
        internal void RequireRestore()
        {
            _checkpoints.Restore(2, _sample.State);
            Assert.False(Read().AsSpan().SequenceEqual(_before));
            Assert.Equal(SampleState.Digest(2), _sample.State.Digest());
        }

        private float[] Read()
        {
            var (parameters, optimizer) = (_sample.State.Parameters, _sample.State.Optimizer);
            var count = (int)parameters.Layout.Count;
            parameters.Device.Read<float>(parameters.Master.Flat, _now.AsSpan(0, count));
            parameters.Device.Read<float>(optimizer.First, _now.AsSpan(count, count));
            parameters.Device.Read<float>(optimizer.Second, _now.AsSpan(2 * count));
            return _now;
        }
    }
}
