using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Training;

namespace ActorRing.Cluster.Cli;

/// <summary>
/// Holds a job's plan against the machine's memory before any is taken: the kernel would end the process without a word, perhaps hours later.
/// </summary>
internal static class JobMemory
{
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
}
