using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Compute.Data;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Training;

namespace ActorRing.Cluster.Member.Work;

/// <summary>Reads a job file and turns its settings into what Compute understands.</summary>
internal static class JobFile
{
    internal static JobSettings Load(string path, IReadOnlyList<string> overrides)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path}: no such job file; examples are in hocon/jobs");
        }

        return JobSettings.Load(path, ReferencePath, overrides, Environment.GetEnvironmentVariable);
    }

    /// <summary>Every setting as it was used, with its keys.</summary>
    internal static string ResolvedJson(string path, IReadOnlyList<string> overrides) => ResolvedConfig.Json(path, ReferencePath, overrides, Environment.GetEnvironmentVariable);

    internal static RecomputePolicy PolicyOf(JobSettings job) => job.Recompute switch
    {
        RecomputeMode.None => RecomputePolicy.None,
        RecomputeMode.Full => RecomputePolicy.Full,
        _ => RecomputePolicy.SelectivePlusPlus,
    };

    internal static AdamWOptions OptimizerOf(JobSettings job) =>
        new(job.Optimizer.Beta1, job.Optimizer.Beta2, job.Optimizer.Eps, job.Optimizer.WeightDecay, job.Training.MaxNorm ?? 0);

    internal static TrainingStage StageOf(StageSettings stage, CorpusOptions corpus) => new(
        stage.Name,
        stage.SeqLen,
        stage.BatchSize,
        stage.GradientAccumulation,
        new LearningRateSchedule(stage.Lr, DecayOf(stage.LrScheduler.Name), stage.LrScheduler.WarmupSteps, stage.Steps, stage.LrScheduler.MinRatio),
        stage.RopeTheta,
        stage.Seed,
        new StageData(stage.Data.Train, corpus with { Format = stage.Data.Format, AddBos = stage.Data.AddBos, AddEos = stage.Data.AddEos }, stage.Data.DocumentMask));

    // Beside the program: the build copies hocon/reference.conf there.
    private static string ReferencePath => Path.Combine(AppContext.BaseDirectory, "reference.conf");

    private static LearningRateDecay DecayOf(LrSchedule schedule) => schedule switch
    {
        LrSchedule.Linear => LearningRateDecay.Linear,
        LrSchedule.Cosine => LearningRateDecay.Cosine,
        _ => LearningRateDecay.Constant,
    };
}
