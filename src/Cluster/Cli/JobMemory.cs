using System.Globalization;
using ActorRing.Actors.Plans;
using ActorRing.Actors.Rank;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Checkpoints.Replicas;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;

namespace ActorRing.Cluster.Cli;

/// <summary>
/// Holds a job's plan against the machine's memory before any is taken: the kernel would end the process without a word, perhaps hours later.
/// </summary>
internal static class JobMemory
{
    // The last one that is committed, and those that may be ahead of it.
    private static readonly int OpenStates = 1 + new RankOptions().RunAhead;

    /// <summary>Plans every stage.</summary>
    /// <exception cref="InsufficientMemoryException">A stage needs more than the machine has.</exception>
    internal static void Require(JobSettings job, LlamaConfig config, Native.ComputeDevice device)
    {
        if (device.IsCuda)
        {
            return;
        }

        var dims = ModelDims.Of(config);
        var available = MachineMemory.Bytes();
        foreach (var stage in job.Stages)
        {
            var plan = MemoryPlan.Of(device, dims, JobDevice.TypeOf(job.Compute), JobFile.PolicyOf(job), stage.BatchSize, stage.SeqLen);
            if (plan.Total > available)
            {
                var allowed = $"up to {MemoryText.Size(available)}, what this machine has (smaller batch_size, seq_len or model)";
                throw new InsufficientMemoryException($"stage {stage.Name}: {MemoryText.Of(plan)}; allowed: {allowed}");
            }
        }
    }

    /// <summary>Plans every stage of a job whose ranks share this machine.</summary>
    /// <exception cref="InsufficientMemoryException">The ranks of a stage need more than the machine has.</exception>
    internal static void RequireShared(ResolvedJob job, PreparedPlan prepared)
    {
        var (settings, ranks) = (job.Settings, job.Settings.Parallelism.Ranks);
        using var device = JobDevice.Open(settings.Compute, ranks);
        if (device.IsCuda)
        {
            return;
        }

        var available = MachineMemory.Bytes();
        var shards = new ParameterLayout(job.Model).Shards;
        foreach (var (stage, shared) in settings.Stages.Zip(prepared.Stages))
        {
            var tokens = (int)shared.SequenceLayout().LargestCount;
            var alone = MemoryPlan.Of(device, job.Model, JobDevice.TypeOf(settings.Compute), JobFile.PolicyOf(settings), stage.BatchSize, tokens, ranks);
            var plan = alone with { Staging = StagingPlan.MostBytes(shared), Replicas = settings.Checkpoint.PeerReplicas ? ReplicaStore.MostBytes(shards, ranks, OpenStates) : 0 };
            if (plan.Total > available / ranks)
            {
                var allowed = $"up to {MemoryText.Size(available)}, what this machine has (fewer ranks, smaller batch_size, seq_len or model)";
                throw new InsufficientMemoryException(string.Create(
                    CultureInfo.InvariantCulture, $"stage {stage.Name}: {ranks} ranks need {MemoryText.Size((long)Math.Min(long.MaxValue, (double)plan.Total * ranks))}, of each {MemoryText.Of(plan)}; allowed: {allowed}"));
            }
        }
    }
}
