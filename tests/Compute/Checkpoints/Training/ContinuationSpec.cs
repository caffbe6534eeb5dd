using ActorRing.Actors.Ids;
using ActorRing.Compute.Checkpoints.Training;

namespace ActorRing.Compute.Specs.Checkpoints.Training;

public sealed class ContinuationSpec : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("zigzag", 3)]
    [InlineData("ulysses", 2)]
    [InlineData("ring", 1)]
    public void Job_must_end_in_the_same_bits_when_it_goes_on_from_a_checkpoint_on_as_many_ranks(string mode, int ranks)
    {
        var undisturbed = RankedJob.Run(Root("undisturbed"), mode, ranks, new RingEpoch(1, 1), 0, 8);
        var checkpoints = Root("interrupted");
        var half = RankedJob.Run(checkpoints, mode, ranks, new RingEpoch(1, 1), 0, 4);
        checkpoints.Commit(half.Manifest, keep: 2);

        var rest = RankedJob.Run(checkpoints, mode, ranks, new RingEpoch(1, 2), 4, 8);

        Assert.Equal(half.Saved, rest.Loaded);
        Assert.Equal(undisturbed.Saved, rest.Saved);
        Assert.Equal(undisturbed.Losses, half.Losses.Concat(rest.Losses));
        Assert.NotEqual(half.Saved, rest.Saved);
    }

    [Fact]
    public void Job_must_go_on_from_the_state_saved_when_ranks_and_mode_change()
    {
        var checkpoints = Root("job");
        var three = RankedJob.Run(checkpoints, "zigzag", 3, new RingEpoch(1, 1), 0, 4);
        checkpoints.Commit(three.Manifest, keep: 3);
        var two = RankedJob.Run(checkpoints, "ulysses", 2, new RingEpoch(1, 2), 4, 6);
        checkpoints.Commit(two.Manifest, keep: 3);
        var one = RankedJob.Run(checkpoints, "ring", 1, new RingEpoch(1, 3), 6, 8);
        checkpoints.Commit(one.Manifest, keep: 3);

        Assert.Equal([8, 6, 4], checkpoints.Newest());
        Assert.Equal(three.Saved, two.Loaded);
        Assert.Equal(two.Saved, one.Loaded);
        var alone = RankedJob.Run(Root("alone"), "ring", 1, new RingEpoch(1, 1), 0, 8).Losses;
        var together = three.Losses.Concat(two.Losses).Concat(one.Losses);
        Assert.True(alone[^1] < alone[0] - 0.5, "nothing was learnt");
        Assert.All(alone.Zip(together), pair => Assert.InRange(Math.Abs(pair.First - pair.Second) / pair.First, 0, 1e-5));
        var manifest = checkpoints.Open(6).Manifest;
        Assert.Equal(("job-1", new RingEpoch(1, 2), 6L, 2, "ulysses"), (manifest.Job, manifest.Epoch, manifest.OptimizerUpdates, manifest.Ranks, manifest.Mode));
        Assert.Equal(new DataCursor("only", 6), manifest.Cursor);
        Assert.Equal([7, -9], manifest.DataSeeds.AsEnumerable());
    }

    private TrainingCheckpoints Root(string name) => new(_folder.At(name));
}
