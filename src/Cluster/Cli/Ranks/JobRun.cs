using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Compute.Checkpoints.HuggingFace;
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
    private PlannedAttention? _attention;

    /// <summary>Loads what the order names.</summary>
    internal JobRun(Native.ComputeDevice device, ResolvedJob job, RestoreCheckpoint order, PreparedPlan plan, EpochLinks links, WorkWatch watch, FaultTrap trap)
    {
        (_device, _job, _rank, _plan, _links, _watch) = (device, job, order.Rank, plan, links, watch);
        try
        {
            var settings = job.Settings;
            _model = Own(JobModel.Open(settings.Model));
            var parameters = Own(_model.CreateParameters(device, JobDevice.TypeOf(settings.Compute)));
            var gradients = Own(new Gradients(parameters));
            IUpdateGroup group = order.Ranks == 1 ? new SingleRank() : Own(new CommunicatorGroup(device, links.All));
            var optimizer = Own(new AdamW(parameters, JobFile.OptimizerOf(settings), group.OwnedOf(parameters.Layout.Shards)));
            _state = new TrainingState(parameters, optimizer, group);
            var corpus = _model.Corpus(Path.Combine(settings.Output, "data"));
            _trainer = Own(new RankTrainer(_state, gradients, JobFile.PolicyOf(settings), _model.Config, [.. settings.Stages.Select(stage => JobFile.StageOf(stage, corpus))], SeatOf));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal StepResult Train(TrainStep step) => _trainer.Run(step);

    internal StateDigest Digest() => _state.Digest();

    internal (long Bytes, string Sha256, StateDigest Digest) WriteShard(WriteShard order)
    {
        throw new IOException($"not yet {_rank} {order}");
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
        IAttentionStrategy attention = mesh.Context * mesh.Heads == 1 ? new LocalAttention(_device) : _attention = new PlannedAttention(_device, plan, place, _links.Sequence);
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
