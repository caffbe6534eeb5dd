using ActorRing.Cluster.Hosting.Hocon;
using ActorRing.Compute.Training.Guards;

namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>One training job, checked as a whole. Every key is described in <c>hocon/reference.conf</c>.</summary>
/// <param name="Name">Letters, digits, <c>.</c>, <c>_</c>, <c>-</c>; at most 64.</param>
/// <param name="Output">Folder for what the job writes.</param>
/// <param name="Model">Where the model comes from.</param>
/// <param name="Compute">What computes.</param>
/// <param name="Training">What all stages share.</param>
/// <param name="Optimizer">The optimiser, apart from its learning rate, which each stage has.</param>
/// <param name="Recompute">What backward computes again.</param>
/// <param name="Guards">What is looked after in every update.</param>
/// <param name="Parallelism">How ranks share it.</param>
/// <param name="Checkpoint">What is written.</param>
/// <param name="Stages">At least one, in the order in which they run; everything inherited is filled in.</param>
public sealed record JobSettings(
    string Name,
    string Output,
    ModelSettings Model,
    ComputeSettings Compute,
    TrainingSettings Training,
    OptimizerSettings Optimizer,
    RecomputeMode Recompute,
    GuardOptions Guards,
    ParallelismSettings Parallelism,
    CheckpointSettings Checkpoint,
    IReadOnlyList<StageSettings> Stages)
{
    /// <summary>Reads a job file over the reference, arguments over both, and checks the whole.</summary>
    /// <param name="path">The job file.</param>
    /// <param name="referencePath"><c>hocon/reference.conf</c>.</param>
    /// <param name="overrides">Arguments: <c>--training.steps 200</c> as two, or <c>--training.steps=200</c> as one.</param>
    /// <param name="environment">Answers <c>${NAME}</c> where the settings do not; null for an unknown name. Not called for anything else.</param>
    /// <exception cref="HoconException">Anything at all is wrong; <see cref="HoconException.Errors"/> has one line for each mistake.</exception>
    public static JobSettings Load(string path, string referencePath, IReadOnlyList<string> overrides, Func<string, string?> environment)
    {
        var loader = new HoconLoader(environment).AddFile(referencePath).AddFile(path);
        foreach (var (key, value) in JobArguments.Parse(overrides)) loader.AddOverride(key, value);
        var (tree, substituted) = loader.Resolve();
        var binder = new HoconBinder(tree, substituted, referencePath, path);
        var job = new JobReader(binder, System.IO.Path.GetFileNameWithoutExtension(path)).Read();
        binder.ThrowIfWrong();
        return job;
    }
}
