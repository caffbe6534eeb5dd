using ActorRing.Actors.Ids;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training.Guards;

namespace ActorRing.Compute.Training;

/// <summary>One stage on one rank: its rows, its model at the stage's length. Any update of the stage can be made at any time: rows depend on their place alone.</summary>
public sealed class StageRun : IDisposable
{
    private readonly TrainingStage _stage;
    private readonly StageSeat _seat;
    private readonly PackedRows _rows;
    private readonly RowOrder _order;
    private readonly LlamaModel _model;
    private readonly RecomputedAttention? _recomputed;
    private readonly GuardedStep _step;
    private readonly Batch _whole;
    private readonly Batch[] _batches;

    /// <summary>Takes the stage's memory.</summary>
    /// <param name="state">Borrowed.</param>
    /// <param name="gradients">Of the state's weights; borrowed.</param>
    /// <param name="policy">What backward computes again.</param>
    /// <param name="guards">What is looked after.</param>
    /// <param name="config">The model as the stage trains it: <see cref="Trainer.ConfigOf"/>.</param>
    /// <param name="stage">Which.</param>
    /// <param name="corpus">Its data; borrowed.</param>
    /// <param name="seat">This rank's place.</param>
    /// <param name="tell">Told of what guards do, in one line.</param>
    /// <exception cref="InvalidDataException">The data has too few tokens.</exception>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public StageRun(TrainingState state, Gradients gradients, RecomputePolicy policy, GuardOptions guards, LlamaConfig config, TrainingStage stage, TokenizedCorpus corpus, StageSeat seat,
        Action<string> tell)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(guards);
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(seat);
        _stage = stage;
        _seat = seat;
        _rows = new PackedRows(corpus, stage.Tokens, stage.Data.DocumentMask);
        _order = new RowOrder(_rows, stage.Seed, stage.Batch * stage.Accumulation);
        _whole = new Batch(stage.Batch, stage.Tokens);
        _batches = [.. Enumerable.Range(0, stage.Accumulation / seat.Replicas).Select(_ => new Batch(stage.Batch, seat.Positions, stage.Tokens))];
        var parameters = state.Parameters;
        _recomputed = guards.RecomputesEvery > 0 ? new RecomputedAttention(seat.Attention, parameters.Device, parameters.Dims, seat, guards.RecomputesEvery) : null;
        _model = new LlamaModel(parameters, _recomputed ?? seat.Attention, policy, stage.Batch, seat.Positions.Length);
        _model.SetRotary(config, seat.Positions, stage.Tokens);
        var guard = guards.VerifiesState ? new StateGuard(state) : null;
        _step = new GuardedStep(new TrainingStep(parameters, _model, gradients, state.Optimizer, state.Group, guard), guards.NonFinite, tell);
    }

    /// <summary>One update.</summary>
    /// <param name="trainStep">Its number in the job, for errors.</param>
    /// <param name="stageStep">Its number in the stage, from 0.</param>
    /// <param name="place">Of its rows in the order of the stage's data, in updates, from 0: its number in the stage where no data are left out.</param>
    /// <exception cref="NonFiniteException">Loss or gradient is not finite; nothing was updated.</exception>
    /// <exception cref="StateCorruptException">What this rank has of the state changed in its memory; nothing was updated.</exception>
    /// <exception cref="RecomputationException">A row of attention is not what it should be; nothing was updated.</exception>
    public StepResult Run(TrainStep trainStep, long stageStep, long place)
    {
        for (var micro = 0; micro < _batches.Length; micro++)
        {
            _whole.Fill(_rows, _order, place, _seat.Replica + (micro * _seat.Replicas));
            _batches[micro].TakeFrom(_whole);
        }

        _recomputed?.Begin(trainStep, _stage.Batch, _stage.Tokens);
        return _step.Run(trainStep, _batches, _stage.Schedule.At(stageStep));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        _recomputed?.Dispose();
    }
}
