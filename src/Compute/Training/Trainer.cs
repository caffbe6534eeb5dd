using System.Diagnostics;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training.Guards;

namespace ActorRing.Compute.Training;

/// <summary>Runs a job's stages one after the other on one rank. Weights and optimiser moments go on from stage to stage.</summary>
public sealed class Trainer(Parameters parameters, AdamWOptions optimizerOptions, RecomputePolicy policy, GuardOptions guards, ITrainingObserver observer)
{
    private TrainStep _step = new(0);

    /// <summary>Updates done.</summary>
    public long StepsDone => _step.Index;

    /// <summary>Trains until the stages end or <paramref name="stop"/> is asked for, which takes effect between two updates.</summary>
    /// <param name="config">The model as it is before; its sizes are those of the parameters.</param>
    /// <param name="stages">At least one.</param>
    /// <param name="stop">Ends training early; what is done is kept.</param>
    /// <returns>The config of the model as it is afterwards: rotary base and longest length of the stages that ran.</returns>
    /// <exception cref="NonFiniteException">Loss or gradient is not finite, and the rules leave nothing else to do; the weights are those before that update.</exception>
    /// <exception cref="InvalidDataException">The data cannot be used: file and value are named.</exception>
    public LlamaConfig Run(LlamaConfig config, IReadOnlyList<TrainingStage> stages, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(stages);
        using var gradients = new Gradients(parameters);
        using var optimizer = new AdamW(parameters, optimizerOptions);
        var state = new TrainingState(parameters, optimizer, new SingleRank());
        foreach (var stage in stages)
        {
            if (stop.IsCancellationRequested)
            {
                break;
            }

            config = ConfigOf(config, stage);
            if (stage.Schedule.Steps > 0)
            {
                RunStage(config, stage, state, gradients, stop);
            }
        }

        return config;
    }

    /// <summary>The config that a stage trains with.</summary>
    public static LlamaConfig ConfigOf(LlamaConfig config, TrainingStage stage)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(stage);
        config = stage.RopeTheta is { } theta ? config.WithRopeTheta(theta) : config;
        return stage.Tokens > config.MaxPositionEmbeddings ? config.WithMaxPositionEmbeddings(stage.Tokens) : config;
    }

    private void RunStage(LlamaConfig config, TrainingStage stage, TrainingState state, Gradients gradients, CancellationToken stop)
    {
        using var corpus = TokenizedCorpus.Open(stage.Data.Patterns, stage.Data.Corpus, observer, stop);
        observer.OnStage(stage, MemoryPlan.Of(parameters.Device, parameters.Dims, parameters.ComputeType, policy, stage.Batch, stage.Tokens), corpus.TokenCount);

        using var run = new StageRun(state, gradients, policy, guards, config, stage, corpus, StageSeat.Alone(parameters.Device, stage.Tokens), observer.OnGuard);
        for (var i = 0L; i < stage.Schedule.Steps && !stop.IsCancellationRequested; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var result = run.Run(_step, i, i);
            observer.OnStep(stage, _step, result, Stopwatch.GetElapsedTime(started));
            _step = _step.Next();
        }
    }
}
