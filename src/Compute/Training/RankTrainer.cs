using ActorRing.Actors.Ids;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training.Guards;

namespace ActorRing.Compute.Training;

/// <summary>A job on one rank, update by update from any update on: whoever has the state after n updates can make the next.</summary>
/// <param name="state">Borrowed.</param>
/// <param name="gradients">Of the state's weights; borrowed.</param>
/// <param name="policy">What backward computes again.</param>
/// <param name="guards">What is looked after.</param>
/// <param name="config">The model before the job.</param>
/// <param name="stages">At least one.</param>
/// <param name="windows">The data that are left out.</param>
/// <param name="progress">Told while data are opened, which may take long the first time.</param>
/// <param name="seatOf">This rank's place in a stage, by its number.</param>
/// <param name="tell">Told of what guards do, in one line.</param>
public sealed class RankTrainer(TrainingState state, Gradients gradients, RecomputePolicy policy, GuardOptions guards, LlamaConfig config, IReadOnlyList<TrainingStage> stages,
    IReadOnlyList<SkippedWindow> windows, IProgress<CorpusProgress> progress, Func<int, StageSeat> seatOf, Action<string> tell) : IDisposable
{
    private int _at = -1;
    private TokenizedCorpus? _corpus;
    private StageRun? _stage;

    /// <summary>One update; opens the data and takes the memory of its stage if that is not the last one's.</summary>
    /// <exception cref="NonFiniteException">Loss or gradient is not finite, and the rules leave nothing else to do here; nothing was updated.</exception>
    /// <exception cref="StateCorruptException">What this rank has of the state changed in its memory; nothing was updated.</exception>
    /// <exception cref="InvalidDataException">The data cannot be used: file and value are named.</exception>
    public StepResult Run(TrainStep trainStep)
    {
        var (stage, first) = StageOf(trainStep.Index);
        if (stage != _at)
        {
            Close();
            _corpus = TokenizedCorpus.Open(stages[stage].Data.Patterns, stages[stage].Data.Corpus, progress);
            _stage = new StageRun(state, gradients, policy, guards, ConfigIn(stage), stages[stage], _corpus, seatOf(stage), tell);
            _at = stage;
        }

        var inStage = trainStep.Index - first;
        return _stage!.Run(trainStep, inStage, inStage + SkippedWindow.Before(windows, trainStep, first, first + stages[stage].Schedule.Steps));
    }

    /// <summary>The config of the model after a number of updates, at least one. A stage without updates changes it as soon as those before it are done.</summary>
    public LlamaConfig ConfigAfter(long stepsDone)
    {
        var stage = StageOf(stepsDone - 1).Stage;
        var last = stages.Take(stage + 1).Sum(each => each.Schedule.Steps) == stepsDone ? stage + stages.Skip(stage + 1).TakeWhile(each => each.Schedule.Steps == 0).Count() : stage;
        return ConfigIn(last);
    }

    /// <summary>The stage that an update belongs to, and the number of its first update.</summary>
    public (int Stage, long First) StageOf(long step)
    {
        var first = 0L;
        for (var stage = 0; stage < stages.Count; stage++)
        {
            if (step < first + stages[stage].Schedule.Steps)
            {
                return (stage, first);
            }

            first += stages[stage].Schedule.Steps;
        }

        throw new ArgumentOutOfRangeException(nameof(step), step, $"the job has {first} updates");
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private LlamaConfig ConfigIn(int stage) => stages.Take(stage + 1).Aggregate(config, Trainer.ConfigOf);

    private void Close()
    {
        _stage?.Dispose();
        _corpus?.Dispose();
        (_stage, _corpus, _at) = (null, null, -1);
    }
}
