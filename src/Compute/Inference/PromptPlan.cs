using ActorRing.Actors.Plans;
using ActorRing.Compute.Model;
using ActorRing.Native;

namespace ActorRing.Compute.Inference;

/// <summary>How ranks share one sequence that runs forward only.</summary>
public static class PromptPlan
{
    /// <summary>Plans it.</summary>
    /// <param name="dims">Of the model.</param>
    /// <param name="type">Of activations.</param>
    /// <param name="mode">Its spelling.</param>
    /// <param name="ranks">P, at least 1.</param>
    /// <param name="tokens">Of the sequence; fewer than ranks are padded to one each.</param>
    /// <param name="sink">Positions at the start that stay visible outside a layer's window.</param>
    /// <exception cref="PlanException">The mode cannot share a sequence between so many ranks.</exception>
    public static SequenceParallelPlan Of(ModelDims dims, ElementType type, string mode, int ranks, int tokens, long sink)
    {
        ArgumentNullException.ThrowIfNull(dims);
        var plan = new PlanRequest
        {
            Mode = mode,
            Ranks = ranks,
            Tokens = Math.Max(tokens, ranks),
            QueryHeads = dims.Heads,
            KeyHeads = dims.KvHeads,
            HeadSize = dims.HeadSize,
            LayerWindows = [.. Enumerable.Range(0, dims.Layers).Select(layer => (long)dims.WindowOf(layer))],
            Sink = sink,
            ComputeFormat = type == ElementType.BFloat16 ? ElementFormat.BFloat16 : ElementFormat.Float32,
        }.Resolve();
        return plan.Mesh.DataParallel == 1
            ? plan
            : throw new PlanException($"mode = {mode}: its ranks have a sequence each; nearest possible: mode = zigzag");
    }
}
