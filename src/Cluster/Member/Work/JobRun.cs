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
using ActorRing.Compute.Training.Guards;
using ActorRing.Native;

namespace ActorRing.Cluster.Member.Work;

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
    private readonly ReplicaStore _replicas;
    private StateDigest _digest;
    private PlannedAttention? _attention;

    /// <summary>Loads what the order names.</summary>
    internal JobRun(Native.ComputeDevice device, ResolvedJob job, RestoreCheckpoint order, PreparedPlan plan, EpochLinks links, ReplicaStore replicas, WorkWatch watch, FaultTrap trap,
        Action<string> tell)
    {
        (_device, _job, _rank, _plan, _links, _replicas, _watch) = (device, job, order.Rank, plan, links, replicas, watch);
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
            TrainingStage[] stages = [.. settings.Stages.Select(stage => JobFile.StageOf(stage, corpus))];
            _trainer = Own(new RankTrainer(_state, gradients, JobFile.PolicyOf(settings), settings.Guards, _model.Config, stages, order.Windows, watch, SeatOf, tell));
            _checkpoints = new TrainingCheckpoints(settings.Checkpoint.Folder, new ByteProgress(watch.Worked));
            _digest = !order.Holders.IsEmpty ? LoadFromMemory(order) : order.StepsDone == 0 ? _state.Digest() : Load(order.StepsDone);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What is looked after.</summary>
    internal GuardOptions Guards => _job.Settings.Guards;

    /// <summary>What this rank has of the state.</summary>
    internal TrainingState State => _state;

    /// <summary>What was loaded comes to.</summary>
    internal StateDigest Restored => _digest;

    internal StepResult Train(TrainStep step) => _trainer.Run(step);

    /// <summary>What the state comes to. All ranks ask at the same time.</summary>
    internal StateDigest Digest() => _digest = _state.Digest();

    /// <summary>What the state came to when it was asked last.</summary>
    internal StateDigest Digested => _digest;

    /// <summary>The copy of this rank's part that was put aside, if there is one.</summary>
    internal OpenPart? CopyOf(WriteShard order) => _replicas.Open(new PartName(order.Job, order.StepsDone, _state.Group.Ranks, _state.Group.Rank), _state.Shards);

    /// <summary>Writes this rank's shard from a copy, and lets go of it. Any thread, also when this run has ended.</summary>
    internal ShardReceipt WriteShard(WriteShard order, OpenPart copy)
    {
        using (copy)
        {
            return _checkpoints.WriteShard(copy, order.Epoch);
        }
    }

    /// <summary>Writes this rank's shard from the state itself.</summary>
    internal ShardReceipt WriteShard(WriteShard order) => _checkpoints.WriteShard(_state, order.StepsDone, order.Epoch);

    /// <summary>With the last update rank 0 exports the model, if the job wants it.</summary>
    internal void ExportIfLast(long stepsDone)
    {
        if (_rank.Index == 0 && _job.Settings.Checkpoint.Export && stepsDone == _job.Settings.Stages.Sum(stage => (long)stage.Steps))
        {
            ModelWeights.Export(Path.Combine(_job.Settings.Output, "model"), _trainer.ConfigAfter(stepsDone), _state.Parameters, _model.Export with { Replace = true });
        }
    }

    private StateDigest LoadFromMemory(RestoreCheckpoint order)
    {
        try
        {
            return ReplicaLoader.Load(_replicas, _state, order.Job, order.StepsDone, order.Holders, order.Ranks == 1 ? null : _links.Replicas);
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
        return new StageSeat(new WatchedAttention(attention, _watch), positions, mesh.ReplicaOf(_rank), mesh.DataParallel, _attention is null ? null : _links.Sequence.Results, plan.Sink);
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Push(owned);
        return owned;
    }
}
