using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Ranks;
using ActorRing.Compute.Checkpoints;
using ActorRing.Compute.Checkpoints.Replicas;
using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Ranks;

/// <summary>A job's state on one rank in one epoch: weights, this rank's part of the optimiser, the data it reads next.</summary>
internal sealed class JobRun : IDisposable
{
    private readonly ResolvedJob _job;
    private readonly GlobalRank _rank;
    private readonly PreparedPlan _plan;
    private readonly EpochLinks _links;
    private readonly WorkWatch _watch;
    private readonly Native.ComputeDevice _device;
    private readonly JobModel _model;
    private readonly Stack<IDisposable> _owned = new();
    private readonly TrainingState _state;
    private readonly RankTrainer _trainer;
    private readonly TrainingCheckpoints _checkpoints;
    private StateDigest _digest;
    private PlannedAttention? _attention;

    /// <summary>Loads what the order names.</summary>
    internal JobRun(Native.ComputeDevice device, ResolvedJob job, RestoreCheckpoint order, PreparedPlan plan, EpochLinks links, ReplicaStore replicas, WorkWatch watch, FaultTrap trap)
    {
        (_device, _job, _rank, _plan, _links, _watch) = (device, job, order.Rank, plan, links, watch);
        try
        {
            var settings = job.Settings;
            _model = Own(JobModel.Open(settings.Model));
            var type = JobDevice.TypeOf(settings.Compute);
            var parameters = Own(order.StepsDone == 0 ? _model.CreateParameters(device, type) : new Parameters(device, ModelDims.Of(_model.Config), type));
            var gradients = Own(new Gradients(parameters));
            IUpdateGroup ranks = order.Ranks == 1 ? new SingleRank() : Own(new CommunicatorGroup(device, links.All));
            var group = new TrappedGroup(ranks, device, trap);
            var optimizer = Own(new AdamW(parameters, JobFile.OptimizerOf(settings), group.OwnedOf(parameters.Layout.Shards)));
            _state = new TrainingState(parameters, optimizer, group);
            var corpus = _model.Corpus(Path.Combine(settings.Output, "data"));
            _trainer = Own(new RankTrainer(_state, gradients, JobFile.PolicyOf(settings), _model.Config, [.. settings.Stages.Select(stage => JobFile.StageOf(stage, corpus))], watch, SeatOf));
            _checkpoints = new TrainingCheckpoints(settings.Checkpoint.Folder, new ByteProgress(watch.Worked));
            _digest = !order.Holders.IsEmpty ? LoadFromMemory(replicas, order) : order.StepsDone == 0 ? _state.Digest() : Load(order.StepsDone);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What this rank has of the state.</summary>
    internal TrainingState State => _state;

    /// <summary>What was loaded comes to.</summary>
    internal StateDigest Restored => _digest;

    internal StepResult Train(TrainStep step) => _trainer.Run(step);

    /// <summary>What the state comes to. All ranks ask at the same time.</summary>
    internal StateDigest Digest() => _digest = _state.Digest();

    /// <summary>Writes this rank's shard; with the last one, rank 0 also exports the model.</summary>
    internal (long Bytes, string Sha256, StateDigest Digest) WriteShard(WriteShard order)
    {
        var receipt = _checkpoints.WriteShard(_state, order.StepsDone, order.Epoch);
        if (_rank.Index == 0 && _job.Settings.Checkpoint.Export && order.StepsDone == _job.Settings.Stages.Sum(stage => (long)stage.Steps))
        {
            ModelWeights.Export(Path.Combine(_job.Settings.Output, "model"), _trainer.ConfigAfter(order.StepsDone), _state.Parameters, _model.Export with { Replace = true });
        }

        return (receipt.Bytes, receipt.Sha256, _digest);
    }

    private StateDigest LoadFromMemory(ReplicaStore replicas, RestoreCheckpoint order)
    {
        try
        {
            return ReplicaLoader.Load(replicas, _state, order.Job, order.StepsDone, order.Holders, order.Ranks == 1 ? null : _links.Replicas);
        }
        catch (InvalidDataException missing)
        {
            throw new CheckpointUnreadableException(missing.Message, missing);
        }
    }

    private StateDigest Load(long stepsDone)
    {
        try
        {
            return _checkpoints.Restore(stepsDone, _state);
        }
        catch (Exception damage) when (damage is InvalidDataException or FileNotFoundException)
        {
            throw new CheckpointUnreadableException(damage.Message, damage);
        }
    }

    public void Dispose()
    {
        _attention?.Dispose();
        while (_owned.TryPop(out var owned))
        {
            owned.Dispose();
        }
    }

    // One stage at a time: the next one's attention takes the place of the last one's.
    private StageSeat SeatOf(int stage)
    {
        var plan = _plan.Stages[stage];
        var mesh = plan.Mesh;
        var place = mesh.SequenceRankOf(_rank);
        _attention?.Dispose();
        _attention = null;
        IAttentionStrategy attention = mesh.Context * mesh.Heads == 1 ? new LocalAttention(_device) : _attention = new PlannedAttention(_device, plan, place, _links.Sequence, _watch);
        var layout = plan.SequenceLayout();
        int[] positions = [.. Enumerable.Range(0, (int)layout.Count(place.Index)).Select(row => (int)layout.PositionOf(place.Index, row))];
        return new StageSeat(new WatchedAttention(attention, _watch), positions, mesh.ReplicaOf(_rank), mesh.DataParallel);
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Push(owned);
        return owned;
    }
}
