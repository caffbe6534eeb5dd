using ActorRing.Compute.Model;
using ActorRing.Compute.Tensors;
using ActorRing.Native;

namespace ActorRing.Compute.Inference;

// Shape letters: T tokens of this rank in a pass, C of a chunk, A whose attention is computed at once, D model dim, N query heads, K KV heads, H head dim, F MLP dim,
// V vocabulary, P ranks.

/// <summary>Everything that a forward pass needs beside weights and cache: the residual stream of its tokens, and one layer's temporaries for a chunk of them.</summary>
/// <remarks>The MLP's and the projection's temporaries are never alive together and lie over each other.</remarks>
internal sealed class InferenceMemory : IDisposable
{
    private readonly Arena _arena;

    private InferenceMemory(Arena arena, ModelDims dims, ElementType type, InferenceShape shape)
    {
        _arena = arena;
        var f32 = ElementType.Float32;
        Tensor Heads(ElementType of, int heads, int rows) => arena.Take(of, 1, heads, rows, dims.HeadSize) is { IsNone: false } tensor ? tensor.Swap(1, 2) : default;
        Ids = arena.Take(ElementType.Int32, shape.Rows);
        Labels = arena.Take(ElementType.Int32, shape.Rows);
        Cos = arena.Take(f32, shape.Rows, dims.HeadSize / 2);
        Sin = arena.Take(f32, shape.Rows, dims.HeadSize / 2);
        Residual = arena.Take(type, shape.Rows, dims.Width);
        Q = Heads(type, dims.Heads, shape.Queries);
        Output = arena.Take(type, shape.Queries, dims.AttentionWidth);
        Lse = arena.Take(f32, 1, shape.Queries, dims.Heads);
        Norm = arena.Take(type, shape.Chunk, dims.Width);
        Rstd = arena.Take(f32, shape.Chunk);

        var phase = arena.Mark();
        Qkv = arena.Take(type, shape.Chunk, dims.QkvWidth);
        var projectionEnd = arena.Mark();
        arena.Release(phase);
        GateUp = arena.Take(type, shape.Chunk, 2L * dims.MlpWidth);
        Act = arena.Take(type, shape.Chunk, dims.MlpWidth);
        if (arena.Mark() < projectionEnd)
        {
            arena.Take(ElementType.Int32, (projectionEnd - arena.Mark()) / 4);
        }

        Last = arena.Take(type, 1, dims.Width);
        Logits = arena.Take(f32, 1, dims.Vocabulary);
        StateOutput = arena.Take(f32, 1, 1, dims.Heads, dims.HeadSize);
        StateMax = arena.Take(f32, 1, 1, dims.Heads);
        StateSum = arena.Take(f32, 1, 1, dims.Heads);
        Ones = arena.Take(f32, 1, 1, dims.Heads);
        Parts = arena.Take(f32, shape.Ranks, (long)dims.Heads * (dims.HeadSize + 1));
        Word = arena.Take(ElementType.Int32, 1);
        ByteCount = arena.PeakBytes;
    }

    /// <summary>int32 <c>[T]</c>.</summary>
    internal Tensor Ids { get; }

    /// <summary>int32 <c>[T]</c>; -100 where unlabelled.</summary>
    internal Tensor Labels { get; }

    /// <summary>float32 <c>[T, H/2]</c>.</summary>
    internal Tensor Cos { get; }

    /// <summary>float32 <c>[T, H/2]</c>.</summary>
    internal Tensor Sin { get; }

    /// <summary>What goes from layer to layer <c>[T, D]</c>.</summary>
    internal Tensor Residual { get; }

    /// <summary>Rotated queries <c>[1, A, N, H]</c>.</summary>
    internal Tensor Q { get; }

    /// <summary>Attention output <c>[A, N H]</c>.</summary>
    internal Tensor Output { get; }

    /// <summary>float32 <c>[1, A, N]</c>.</summary>
    internal Tensor Lse { get; }

    /// <summary>A normed residual stream <c>[C, D]</c>.</summary>
    internal Tensor Norm { get; }

    /// <summary>float32 <c>[C]</c>.</summary>
    internal Tensor Rstd { get; }

    /// <summary>Fused projections <c>[C, (N + 2K) H]</c>.</summary>
    internal Tensor Qkv { get; }

    /// <summary>Gate and up projections <c>[C, 2F]</c>.</summary>
    internal Tensor GateUp { get; }

    /// <summary>SwiGLU product <c>[C, F]</c>.</summary>
    internal Tensor Act { get; }

    /// <summary>The last token's normed residual stream <c>[1, D]</c>.</summary>
    internal Tensor Last { get; }

    /// <summary>float32 <c>[1, V]</c>.</summary>
    internal Tensor Logits { get; }

    /// <summary>One query's running attention, float32 <c>[1, 1, N, H]</c>.</summary>
    internal Tensor StateOutput { get; }

    /// <summary>float32 <c>[1, 1, N]</c>.</summary>
    internal Tensor StateMax { get; }

    /// <summary>float32 <c>[1, 1, N]</c>.</summary>
    internal Tensor StateSum { get; }

    /// <summary>float32 <c>[1, 1, N]</c>: the row sum of a finished attention.</summary>
    internal Tensor Ones { get; }

    /// <summary>One query's attention over the keys of each rank, float32 <c>[P, N (H + 1)]</c>: outputs, then LSE.</summary>
    internal Tensor Parts { get; }

    /// <summary>int32 <c>[1]</c>.</summary>
    internal Tensor Word { get; }

    /// <summary>All of it.</summary>
    internal long ByteCount { get; }

    internal AttentionState State => new(StateOutput, StateMax, StateSum);

    public void Dispose() => _arena.Dispose();

    /// <summary>Bytes without memory.</summary>
    internal static long BytesOf(ModelDims dims, ElementType type, InferenceShape shape) => new InferenceMemory(Arena.ForCounting(), dims, type, shape).ByteCount;

    internal static InferenceMemory Create(ComputeDevice device, ModelDims dims, ElementType type, InferenceShape shape)
    {
        var memory = new InferenceMemory(new Arena(device, BytesOf(dims, type, shape)), dims, type, shape);
        device.Fill(1, memory.Ones);
        return memory;
    }
}

/// <summary>Rows of a rank's memory.</summary>
/// <param name="Rows">T of the largest pass.</param>
/// <param name="Chunk">C.</param>
/// <param name="Queries">A: T where ranks share the prompt, whose attention takes all queries at once; C where not.</param>
/// <param name="Ranks">P.</param>
internal readonly record struct InferenceShape(int Rows, int Chunk, int Queries, int Ranks);
