using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Cluster.Cli.Telemetry;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Seed;
using ActorRing.Compute.Checkpoints.Training;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>Commits TrainingCheckpoints where their jobs keep them.</summary>
internal sealed class CheckpointFolder(SeedTelemetry telemetry) : ICheckpointFolder
{
    public string Commit(CommitManifest order, JobRecord job)
    {
        var resolved = ResolvedJob.Of(job.Spec.Payload.AsSpan());
        var settings = resolved.Settings;
        var checkpoints = new TrainingCheckpoints(settings.Checkpoint.Folder);
        if (job.CheckpointCommitted == 0)
        {
            SetAside(checkpoints, job);
        }

        var plan = JobPlanner.Plan(resolved, order.Shards.Length);
        var hash = checkpoints.Commit(
            new CheckpointManifest
            {
                Job = job.Key,
                Epoch = order.Epoch,
                StepsDone = order.StepsDone,
                Digest = order.Digest,
                Shards = [.. order.Shards.Select(shard => new ShardReceipt(shard.Bytes, shard.Sha256))],
                Model = resolved.Model,
                Cursor = CursorOf(resolved, order.StepsDone),
                OptimizerUpdates = order.StepsDone,
                DataSeeds = [.. settings.Stages.Select(stage => stage.Seed)],
                Mode = settings.Parallelism.Mode,
                PlanHash = plan.Hash,
            },
            settings.Checkpoint.KeepLatest);
        telemetry.CountCheckpoint(order.Job);
        return hash;
    }

    // What another job left: it was agreed on when this one was submitted.
    private static void SetAside(TrainingCheckpoints checkpoints, JobRecord job)
    {
        foreach (var stepsDone in checkpoints.Newest())
        {
            if (checkpoints.Open(stepsDone).Manifest.Job != job.Key)
            {
                checkpoints.Quarantine(stepsDone);
            }
        }
    }

    private static DataCursor CursorOf(ResolvedJob job, long stepsDone)
    {
        var left = stepsDone;
        foreach (var stage in job.Settings.Stages)
        {
            if (left <= stage.Steps)
            {
                return new DataCursor(stage.Name, left);
            }

            left -= stage.Steps;
        }

        throw new InvalidDataException($"update {stepsDone} is behind the last one of the job");
    }
}
