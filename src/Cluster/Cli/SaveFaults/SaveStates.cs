using ActorRing.Actors.Ids;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.SaveFaults;

/// <summary>States of a tiny model after 1 to <see cref="Most"/> updates, whole and as two ranks have them; the same in every process.</summary>
internal sealed class SaveStates : IDisposable
{
    internal const int Ranks = 2;
    internal const int Most = SaveScene.Steps + 1;

    private readonly ComputeDevice _device = NativeBackend.LoadCpu().Open(1);
    private readonly List<TrainingState> _states = [];
    private readonly TrainingState[,] _parts = new TrainingState[Most, Ranks];
    private readonly StateDigest[] _digests = new StateDigest[Most];

    internal SaveStates(ModelDims dims)
    {
        for (var step = 1; step <= Most; step++)
        {
            _digests[step - 1] = Make(dims, step, new SingleRank()).Digest();
            for (var rank = 0; rank < Ranks; rank++)
            {
                _parts[step - 1, rank] = Make(dims, step, new Place(rank));
            }
        }

        Empty = Make(dims, 0, new SingleRank());
    }

    /// <summary>To load into.</summary>
    internal TrainingState Empty { get; }

    /// <summary>A rank's part after so many updates.</summary>
    internal TrainingState Part(int rank, int step) => _parts[step - 1, rank];

    /// <summary>What the whole comes to.</summary>
    internal StateDigest Digest(int step) => _digests[step - 1];

    public void Dispose()
    {
        foreach (var state in _states)
        {
            state.Optimizer.Dispose();
            state.Parameters.Dispose();
        }

        _device.Dispose();
    }

    private TrainingState Make(ModelDims dims, int steps, IUpdateGroup group)
    {
        var parameters = new Parameters(_device, dims, ElementType.Float32);
        var optimizer = new AdamW(parameters, new AdamWOptions(), group.OwnedOf(parameters.Layout.Shards));
        using var gradients = new Gradients(parameters);
        _device.Write<float>([.. Enumerable.Range(0, (int)parameters.Layout.Count).Select(i => i / 65536f)], parameters.Master.Flat);
        for (var step = 1; step <= steps; step++)
        {
            _device.Fill(step, gradients.Views.Flat);
            optimizer.Update(gradients.Views, gradientNorm: 1, learningRate: 1e-2);
        }

        var state = new TrainingState(parameters, optimizer, group);
        _states.Add(state);
        return state;
    }

    /// <summary>A place in a group whose other rank has its turn before or after.</summary>
    private sealed class Place(int rank) : IUpdateGroup
    {
        public int Rank => rank;

        public int Ranks => SaveStates.Ranks;

        public double Sum(double value) => throw new NotSupportedException();

        public void Reduce(ShardMap shards, in Tensor flat) => throw new NotSupportedException();

        public void Gather(ShardMap shards, in Tensor flat) => throw new NotSupportedException();

        public void Gather(ShardMap shards, Span<long> table) => throw new NotSupportedException();
    }
}
