using ActorRing.Actors.Ids;
using ActorRing.Compute.Data;

namespace ActorRing.Compute.Training;

/// <summary>Told what training does, as it does it; called on the training thread.</summary>
public interface ITrainingObserver : IProgress<CorpusProgress>
{
    /// <summary>A stage is planned and about to take its memory.</summary>
    void OnStage(TrainingStage stage, MemoryPlan plan, long corpusTokens);

    /// <summary>An update is done.</summary>
    /// <param name="stage">Where it belongs.</param>
    /// <param name="trainStep">Counted over the whole job.</param>
    /// <param name="result">Loss, norm, rate, tokens.</param>
    /// <param name="elapsed">Data, forward, backward and update.</param>
    void OnStep(TrainingStage stage, TrainStep trainStep, StepResult result, TimeSpan elapsed);

    /// <summary>Something was not as it should be, and something was done about it.</summary>
    /// <param name="text">One line.</param>
    void OnGuard(string text);
}
