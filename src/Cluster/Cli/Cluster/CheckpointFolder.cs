using System.Globalization;
using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Seed;
using ActorRing.Compute.Checkpoints.Training;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>Commits TrainingCheckpoints where their jobs keep them, and looks at doubtful ones.</summary>
/// <param name="committed">Told the job of each one that is in place.</param>
internal sealed class CheckpointFolder(Action<JobId> committed) : ICheckpointFolder
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
            settings.Checkpoint.KeepLatest,
            job.CheckpointCommitted);
        committed(order.Job);
        return hash;
    }

    public void Discard(DiscardShards order, JobRecord job) =>
        new TrainingCheckpoints(ResolvedJob.Of(job.Spec.Payload.AsSpan()).Settings.Checkpoint.Folder).Discard(order.Epoch, order.StepsDone);

    public (long Newest, string Text) FindWhole(CheckCheckpoints order, JobRecord job)
    {
        var folder = ResolvedJob.Of(job.Spec.Payload.AsSpan()).Settings.Checkpoint.Folder;
        var checkpoints = new TrainingCheckpoints(folder);
        var found = new List<string>();
        var isEvidence = false;
        foreach (var (stepsDone, manifestHash) in order.Candidates)
        {
            if (!checkpoints.Newest().Contains(stepsDone))
            {
                // Older ones are deleted in good order; the newest should be there, or set aside by a seed that ended before it could note that.
                isEvidence |= checkpoints.IsSetAside(stepsDone);
                if (stepsDone == order.Candidates[0].StepsDone)
                {
                    found.Add(string.Create(CultureInfo.InvariantCulture, $"update {stepsDone} is {(isEvidence ? "set aside" : "gone")}"));
                }

                continue;
            }

            isEvidence = true;

            try
            {
                checkpoints.Verify(stepsDone, manifestHash);
                return (stepsDone, found.Count > 0 ? string.Join("; ", found) : "the seed has read all of it and found nothing wrong");
            }
            catch (Exception damage) when (damage is InvalidDataException or FileNotFoundException)
            {
                found.Add($"{damage.Message.ReplaceLineEndings(" ")}; kept as {Path.GetFileName(checkpoints.Quarantine(stepsDone))}");
            }
        }

        // A disk that is not mounted looks like this, too: no reason to begin a long training anew.
        return isEvidence ? (0, string.Join("; ", found)) : throw new IOException($"{folder}: holds no TrainingCheckpoint of this job, damaged or whole");
    }

    // What another job left: it was agreed on when this one was submitted.
    private static void SetAside(TrainingCheckpoints checkpoints, JobRecord job)
    {
        foreach (var stepsDone in checkpoints.Newest())
        {
            if (checkpoints.OwnerOf(stepsDone) != job.Key)
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
