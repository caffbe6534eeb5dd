using ActorRing.Actors.Ids;
using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Checkpoints.Training;

/// <summary>A rank's part of a state that depends on the number of updates alone.</summary>
internal sealed class SampleState : IDisposable
{
    internal const int Ranks = 2;

    internal static readonly ModelDims Dims = new()
    {
        Layers = 1, Width = 16, Heads = 2, KvHeads = 1, HeadSize = 8, MlpWidth = 24, Vocabulary = 37, NormEpsilon = 1e-5, TiedEmbeddings = false,
    };

    internal static ShardMap Map { get; } = new ParameterLayout(Dims).Shards;

    private readonly ComputeDevice _device;
    private readonly bool _isOwner;

    /// <param name="steps">Updates in it.</param>
    /// <param name="group">Whose part; null for one rank alone.</param>
    /// <param name="device">Borrowed; null for one of its own.</param>
    internal SampleState(int steps, IUpdateGroup? group = null, ComputeDevice? device = null)
    {
        _isOwner = device is null;
        _device = device ?? NativeBackend.LoadCpu().Open(1);
        group ??= new SingleRank();
        var parameters = new Parameters(_device, Dims, ElementType.Float32);
        var optimizer = new AdamW(parameters, new AdamWOptions(), group.OwnedOf(parameters.Layout.Shards));
        Fill(parameters.Master.Flat, 0, steps);
        Fill(optimizer.First, optimizer.Owned.FirstElement, steps + 0.25f);
        Fill(optimizer.Second, optimizer.Owned.FirstElement, steps + 0.5f);
        optimizer.Restore(steps);
        State = new TrainingState(parameters, optimizer, group);
    }

    internal TrainingState State { get; }

    public void Dispose()
    {
        State.Optimizer.Dispose();
        State.Parameters.Dispose();
        if (_isOwner)
        {
            _device.Dispose();
        }
    }

    internal static StateDigest Digest(int steps)
    {
        using var sample = new SampleState(steps);
        return sample.State.Digest();
    }

    /// <summary>Both phases, one rank after the other.</summary>
    internal static string Save(TrainingCheckpoints checkpoints, int steps, RingEpoch epoch, int keep, int? content = null) =>
        checkpoints.Commit(Write(checkpoints, steps, epoch, content), keep);

    /// <summary>The first phase.</summary>
    internal static CheckpointManifest Write(TrainingCheckpoints checkpoints, int steps, RingEpoch epoch, int? content = null)
    {
        var receipts = Enumerable.Range(0, Ranks).Select(rank =>
        {
            using var sample = new SampleState(content ?? steps, new Place(rank));
            return checkpoints.WriteShard(sample.State, steps, epoch);
        });
        return new CheckpointManifest
        {
            Job = "job-1",
            Epoch = epoch,
            StepsDone = steps,
            Shards = [.. receipts],
            Digest = Digest(content ?? steps),
            Model = Dims,
            Cursor = new DataCursor("only", steps),
            OptimizerUpdates = content ?? steps,
            DataSeeds = [7],
            Mode = "ring",
            PlanHash = "0123",
        };
    }

    /// <summary>Opens and loads; the updates of the sample that was found.</summary>
    internal static long Load(TrainingCheckpoints checkpoints, long steps)
    {
        using var sample = new SampleState(0);
        checkpoints.Open(steps).Load(sample.State);
        return sample.State.Optimizer.Updates;
    }

    private void Fill(in Tensor tensor, long firstElement, float offset)
    {
        if (!tensor.IsNone)
        {
            _device.Write<float>([.. Enumerable.Range(0, (int)tensor.Count).Select(i => offset + ((firstElement + i) / 65536f))], tensor);
        }
    }

    /// <summary>A place in a group whose other ranks have had or will have their turn.</summary>
    private sealed class Place(int rank) : IUpdateGroup
    {
        public int Rank => rank;

        public int Ranks => SampleState.Ranks;

        public double Sum(double value) => throw new NotSupportedException();

        public void Reduce(ShardMap shards, in Tensor flat) => throw new NotSupportedException();

        public void Gather(ShardMap shards, in Tensor flat) => throw new NotSupportedException();

        public void Gather(ShardMap shards, Span<long> table) => throw new NotSupportedException();
    }
}
