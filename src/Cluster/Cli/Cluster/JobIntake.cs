using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>Turns a job file into what is submitted, and refuses what could not be carried out before anything starts.</summary>
internal static class JobIntake
{
    /// <summary>Reads, checks and resolves a job.</summary>
    /// <param name="path">The job file.</param>
    /// <param name="overrides">Arguments over it.</param>
    /// <param name="replacesModel">Whether a model in the output folder may be replaced.</param>
    /// <exception cref="UsageException">The job cannot be carried out.</exception>
    /// <exception cref="InsufficientMemoryException">Its ranks need more memory than this machine has.</exception>
    /// <exception cref="Actors.Plans.PlanException">Its ranks cannot share it.</exception>
    internal static ResolvedJob Resolve(string path, IReadOnlyList<string> overrides, bool replacesModel)
    {
        var settings = WithFullPaths(JobFile.Load(path, overrides));
        if (settings.Checkpoint.Export && !replacesModel && Directory.Exists(Path.Combine(settings.Output, "model")))
        {
            throw new UsageException($"{Path.Combine(settings.Output, "model")}: exists already; allowed: --overwrite, or another --job.output");
        }

        if (!replacesModel && new TrainingCheckpoints(settings.Checkpoint.Folder).Newest().Count > 0)
        {
            throw new UsageException($"{settings.Checkpoint.Folder}: holds TrainingCheckpoints already; allowed: --overwrite, which sets them aside, or another --checkpoint.folder");
        }

        using var model = JobModel.Open(settings.Model);
        var dims = ModelDims.Of(model.Config);
        if (settings.Compute.Device == ComputeDevice.Cpu && (dims.HeadSize is < 32 or > 256 || dims.HeadSize % 8 != 0))
        {
            throw new UsageException($"model.config.head_dim is {dims.HeadSize}; allowed: 32 to 256 in steps of 8");
        }

        foreach (var stage in settings.Stages)
        {
            SourceFiles.Expand(stage.Data.Train);
        }

        var job = new ResolvedJob(settings, dims, replacesModel);
        var prepared = JobPlanner.Plan(job, settings.Parallelism.Ranks);
        var spec = job.ToSpec();
        if (spec.Flaw() is { } flaw)
        {
            throw new UsageException(flaw);
        }

        JobMemory.RequireShared(job, prepared);
        OutputFolder.Prepare(settings.Output, path);
        Directory.CreateDirectory(Path.GetDirectoryName(settings.Checkpoint.Folder)!);
        File.WriteAllText(Path.Combine(settings.Output, "resolved.json"), JobFile.ResolvedJson(path, overrides));
        return job;
    }

    /// <summary>Whoever trains may stand in another folder.</summary>
    private static JobSettings WithFullPaths(JobSettings job) => job with
    {
        Output = Path.GetFullPath(job.Output),
        Checkpoint = job.Checkpoint with { Folder = Path.GetFullPath(job.Checkpoint.Folder) },
        Model = job.Model with
        {
            Path = job.Model.Path is { } folder ? Path.GetFullPath(folder) : null,
            Tokenizer = job.Model.Tokenizer is { } tokenizer && tokenizer != ModelSettings.ByteTokenizer ? Path.GetFullPath(tokenizer) : job.Model.Tokenizer,
        },
        Stages = [.. job.Stages.Select(stage => stage with { Data = stage.Data with { Train = [.. stage.Data.Train.Select(Path.GetFullPath)] } })],
    };
}
