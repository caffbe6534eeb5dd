using System.Globalization;
using ActorRing.Compute.Training;

namespace ActorRing.Cluster.Cli;

/// <summary>A memory plan in one line.</summary>
internal static class MemoryText
{
    internal static string Of(MemoryPlan plan) => string.Join(", ", [
        $"{Size(plan.Total)} planned: weights {Size(plan.Weights)}",
        $"gradients {Size(plan.Gradients)}",
        $"optimizer {Size(plan.Optimizer)}",
        $"kept activations {Size(plan.Activations.Kept)}",
        $"workspace {Size(plan.Activations.Workspace + plan.Activations.Inputs)}",
        $"kernel scratch {Size(plan.Scratch)}",
        .. plan.Staging > 0 ? [$"rotations {Size(plan.Staging)}"] : (string[])[],
        .. plan.Replicas > 0 ? [$"copies of states {Size(plan.Replicas)}"] : (string[])[],
    ]);

    internal static string Size(long bytes) => bytes >= 1L << 30
        ? (bytes / (double)(1L << 30)).ToString("F2", CultureInfo.InvariantCulture) + " GiB"
        : (bytes / (double)(1L << 20)).ToString("F1", CultureInfo.InvariantCulture) + " MiB";
}
