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
    public void Open_must_refuse_a_manifest_cut_off_at_any_length()
    {
        var whole = File.ReadAllBytes(At(CheckpointManifest.FileName));
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(At(CheckpointManifest.FileName), whole[..length]);
            RequireRefusal(CheckpointManifest.FileName);
        }
    }

    [Fact]
    public void Open_must_refuse_a_shard_cut_off_or_too_long()
    {
        var whole = File.ReadAllBytes(At(CheckpointManifest.FileOf(1)));
        foreach (var length in Enumerable.Range(0, whole.Length).Where(length => length < 16 || length % 499 == 0 || length > whole.Length - 16))
        {
            File.WriteAllBytes(At(CheckpointManifest.FileOf(1)), whole[..length]);
            RequireRefusal(CheckpointManifest.FileOf(1));
        }

        File.WriteAllBytes(At(CheckpointManifest.FileOf(1)), [.. whole, 0]);
        RequireRefusal(CheckpointManifest.FileOf(1));
    }

    [Theory]
    [InlineData("manifest.json")]
    [InlineData("rank-00000.safetensors")]
    public void Open_must_refuse_a_file_with_one_flipped_bit(string name)
    {
        var whole = File.ReadAllBytes(At(name));
        var random = new Random(1);
        for (var i = 0; i < 1000; i++)
        {
            var (place, bit) = (random.Next(whole.Length), random.Next(8));
            var spoilt = whole.ToArray();
            spoilt[place] ^= (byte)(1 << bit);
            File.WriteAllBytes(At(name), spoilt);
            RequireRefusal(name);
        }
    }

    [Fact]
    public void Open_must_refuse_exchanged_shards()
    {
        File.Move(At(CheckpointManifest.FileOf(0)), At("aside"));
        File.Move(At(CheckpointManifest.FileOf(1)), At(CheckpointManifest.FileOf(0)));
        File.Move(At("aside"), At(CheckpointManifest.FileOf(1)));

        RequireRefusal(CheckpointManifest.FileOf(0));
    }

    [Theory]
    [InlineData("rank-00001.safetensors")]
    [InlineData("manifest.json")]
    public void Open_must_refuse_a_file_of_another_step(string name)
    {
        File.Copy(_folder.At("job", "step-1", name), At(name), overwrite: true);

        RequireRefusal(name);
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
}
