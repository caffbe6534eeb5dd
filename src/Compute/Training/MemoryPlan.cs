using ActorRing.Compute.Model;
using ActorRing.Compute.Recompute;
using ActorRing.Native;

namespace ActorRing.Compute.Training;

// P elements of the flat parameter vector. Other letters: docs/numerics.md, "Memory".

/// <summary>Bytes that training at one micro-batch shape takes, part by part, known before the first of them is taken.</summary>
/// <param name="Weights">Float32 masters, and the bfloat16 copy where there is one: 4P or 6P.</param>
/// <param name="Gradients">Float32 gradients: 4P.</param>
/// <param name="Optimizer">Two float32 moments of what the rank owns: 8P over the number of ranks.</param>
/// <param name="Activations">Inputs, workspace and what forward keeps.</param>
/// <param name="Scratch">What kernels keep for themselves.</param>
public sealed record MemoryPlan(long Weights, long Gradients, long Optimizer, ActivationBytes Activations, long Scratch)
{
    /// <summary>Messages and partial results of a shared sequence (<see cref="SequenceParallel.StagingPlan"/>); 0 where one rank has all of it.</summary>
    public long Staging { get; init; }

    /// <summary>Copies of states, this rank's and those of another; in host memory. 0 where a job wants none.</summary>
    public long Replicas { get; init; }

    /// <summary>Sum of all parts.</summary>
    public long Total => Weights + Gradients + Optimizer + Activations.Total + Scratch + Staging + Replicas;

    /// <summary>Plans without taking more than address space.</summary>
    /// <param name="device">Asked for its kernels' scratch sizes.</param>
    /// <param name="dims">The model.</param>
    /// <param name="computeType">Float32 or BFloat16.</param>
    /// <param name="policy">What is kept for backward.</param>
    /// <param name="batch">B.</param>
    /// <param name="tokens">T, on this rank.</param>
    /// <param name="ranks">Ranks that make the update together; the plan is that of the one that owns most.</param>
    public static MemoryPlan Of(ComputeDevice device, ModelDims dims, ElementType computeType, RecomputePolicy policy, int batch, int tokens, int ranks = 1)
    {
        ArgumentNullException.ThrowIfNull(device);
        var layout = new ParameterLayout(dims);
        var count = layout.Count;
        var copy = computeType == ElementType.BFloat16 ? 2 * count : 0;
        return new MemoryPlan(
            (4 * count) + copy, 4 * count, 8 * layout.Shards.MostElements(ranks), LlamaModel.PlanBytes(dims, computeType, policy, batch, tokens),
            ScratchBytes(device, dims, computeType, batch, tokens));
    }

    private static long ScratchBytes(ComputeDevice device, ModelDims dims, ElementType computeType, int batch, int tokens)
    {
        if (device.IsCuda)
        {
            return 0;
        }

        // The slabs are never touched, so they cost address space only.
        long rows = (long)batch * tokens;
        var widest = Math.Max(Math.Max(dims.AttentionWidth, dims.Width), 1);
        using var tall = device.CreateBuffer(rows * widest * computeType.ByteCount());
        using var head = device.CreateBuffer((long)dims.Vocabulary * dims.Width * computeType.ByteCount());
        var q = Tensor.Of(tall, 0, computeType, batch, dims.Heads, tokens, dims.HeadSize).Swap(1, 2);
        var k = Tensor.Of(tall, 0, computeType, batch, dims.KvHeads, tokens, dims.HeadSize).Swap(1, 2);
        var attention = device.AttentionScratchBytes(q, k);
        var loss = device.LmHeadScratchBytes(Tensor.Of(tall, 0, computeType, rows, dims.Width), Tensor.Of(head, 0, computeType, dims.Vocabulary, dims.Width));
        return Math.Max(attention, loss);
    }
}
