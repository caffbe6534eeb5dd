using System.Collections.Immutable;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Hosting.Settings;

namespace ActorRing.Cluster.Hosting.Jobs;

/// <summary>Makes the plan of a job from its payload: one for each stage, by integer maths alone, so that seed and ranks come to the same one.</summary>
public sealed class JobPlanner : IPlanner
{
    /// <inheritdoc/>
    public PreparedPlan Plan(JobSpec spec, int ranks)
    {
        ArgumentNullException.ThrowIfNull(spec);
        try
        {
            return Plan(ResolvedJob.Of(spec.Payload.AsSpan()), ranks);
        }
        catch (InvalidDataException flaw)
        {
            throw new PlanException(flaw.Message);
        }
    }

    /// <summary>The plan of a job on a number of ranks.</summary>
    /// <exception cref="PlanException">There is none; one line says why.</exception>
    public static PreparedPlan Plan(ResolvedJob job, int ranks)
    {
        ArgumentNullException.ThrowIfNull(job);
        var prepared = new PreparedPlan([.. job.Settings.Stages.Select(stage => StagePlan(job, stage, ranks))]);
        var replicas = prepared.Plan.Mesh.DataParallel;
        return job.Settings.Stages.FirstOrDefault(stage => stage.GradientAccumulation % replicas != 0) is { } uneven
            ? throw new PlanException(
                $"stage {uneven.Name}: gradient_accumulation = {uneven.GradientAccumulation} cannot be shared by dp = {replicas}; nearest possible: {(uneven.GradientAccumulation / replicas * replicas) + replicas}")
            : prepared;
    }

    private static SequenceParallelPlan StagePlan(ResolvedJob job, StageSettings stage, int ranks)
    {
        var parallelism = job.Settings.Parallelism;
        return new PlanRequest
        {
            Mode = parallelism.Mode,
            RingMode = parallelism.RingMode,
            Ranks = ranks,
            DataParallel = parallelism.DataParallel,
            Heads = parallelism.Ulysses,
            InnerWindow = parallelism.InnerWindow,
            Tokens = stage.SeqLen,
            Batch = stage.BatchSize,
            QueryHeads = job.Model.Heads,
            KeyHeads = job.Model.KvHeads,
            HeadSize = job.Model.HeadSize,
            LayerWindows = [.. Enumerable.Range(0, job.Model.Layers).Select(layer => (long)job.Model.WindowOf(layer))],
            ComputeFormat = job.Settings.Compute.DType == ComputeType.Bf16 ? ElementFormat.BFloat16 : ElementFormat.Float32,
        }.Resolve();
    }
}
