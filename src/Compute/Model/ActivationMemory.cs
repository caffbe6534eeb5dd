using ActorRing.Compute.Recompute;
using ActorRing.Compute.Tensors;
using ActorRing.Native;

namespace ActorRing.Compute.Model;

// Shape letters: B batch, T tokens on this rank, R = B*T rows, D model dim, N query heads, K KV heads, H head dim, F MLP dim, L layers, e bytes of the compute type.

/// <summary>
/// Every activation of one micro-batch, placed before the first step: the layers' tapes as the recompute policy keeps them, and the workspace that layers share.
/// </summary>
/// <remarks>The MLP's and the attention's temporaries are never alive together and lie over each other. Formulas: docs/numerics.md, "Memory".</remarks>
internal sealed class ActivationMemory : IDisposable
{
    private readonly Arena _arena;

    private ActivationMemory(Arena arena, ModelDims dims, int batch, int tokens, ElementType type, RecomputePolicy policy)
    {
        _arena = arena;
        Batch = batch;
        Tokens = tokens;
        long rows = (long)batch * tokens;
        var f32 = ElementType.Float32;

        Tensor Heads(ElementType of, int heads) => arena.Take(of, batch, heads, tokens, dims.HeadSize) is { IsNone: false } tensor ? tensor.Swap(1, 2) : default;
        Ids = arena.Take(ElementType.Int32, rows);
        Labels = arena.Take(ElementType.Int32, rows);
        Cos = arena.Take(f32, tokens, dims.HeadSize / 2);
        Sin = arena.Take(f32, tokens, dims.HeadSize / 2);
        InputBytes = arena.UsedBytes;

        // Shared by all layers unless a tape keeps its own.
        var sharedQ = policy.KeepsProjections ? default : Heads(type, dims.Heads);
        var sharedK = policy.KeepsProjections ? default : Heads(type, dims.KvHeads);
        var sharedV = policy.KeepsProjections ? default : Heads(type, dims.KvHeads);
        var sharedMiddle = policy.KeepsProjections ? default : arena.Take(type, rows, dims.Width);
        var sharedInputRstd = policy.KeepsProjections ? default : arena.Take(f32, rows);
        var sharedMiddleRstd = policy.KeepsProjections ? default : arena.Take(f32, rows);
        var sharedOutput = policy.KeepsAttention ? default : arena.Take(type, rows, dims.AttentionWidth);
        var sharedLse = policy.KeepsAttention ? default : arena.Take(f32, batch, tokens, dims.Heads);
        Norm = arena.Take(type, rows, dims.Width);
        FinalRstd = arena.Take(f32, rows);
        Gradient = arena.Take(type, rows, dims.Width);

        var phase = arena.Mark();
        Qkv = arena.Take(type, rows, dims.QkvWidth);
        OutputGradient = arena.Take(type, rows, dims.AttentionWidth);
        OutputGradientHeads = Heads(type, dims.Heads);
        Delta = arena.Take(f32, batch, tokens, dims.Heads);
        QGradient = Heads(f32, dims.Heads);
        KGradient = Heads(f32, dims.KvHeads);
        VGradient = Heads(f32, dims.KvHeads);
        var attentionEnd = arena.Mark();

        arena.Release(phase);
        var sharedGateUp = policy.KeepsProjections ? default : arena.Take(type, rows, 2L * dims.MlpWidth);
        Act = arena.Take(type, rows, dims.MlpWidth);
        ActGradient = arena.Take(type, rows, dims.MlpWidth);
        if (arena.Mark() < attentionEnd)
        {
            arena.Take(ElementType.Int32, (attentionEnd - arena.Mark()) / 4);
        }

        WorkspaceBytes = arena.UsedBytes - InputBytes;

        Tapes = new LayerTape[dims.Layers];
        var own = arena.Mark();
        for (var layer = 0; layer < dims.Layers; layer++)
        {
            Tapes[layer] = new LayerTape
            {
                Input = arena.Take(type, rows, dims.Width),
                InputRstd = policy.KeepsProjections ? arena.Take(f32, rows) : sharedInputRstd,
                Q = policy.KeepsProjections ? Heads(type, dims.Heads) : sharedQ,
                K = policy.KeepsProjections ? Heads(type, dims.KvHeads) : sharedK,
                V = policy.KeepsProjections ? Heads(type, dims.KvHeads) : sharedV,
                Output = policy.KeepsAttention ? arena.Take(type, rows, dims.AttentionWidth) : sharedOutput,
                Lse = policy.KeepsAttention ? arena.Take(f32, batch, tokens, dims.Heads) : sharedLse,
                Middle = policy.KeepsProjections ? arena.Take(type, rows, dims.Width) : sharedMiddle,
                MiddleRstd = policy.KeepsProjections ? arena.Take(f32, rows) : sharedMiddleRstd,
                GateUp = policy.KeepsProjections ? arena.Take(type, rows, 2L * dims.MlpWidth) : sharedGateUp,
            };
        }

        Final = arena.Take(type, rows, dims.Width);
        KeptBytes = arena.Mark() - own;
    }

    /// <summary>B.</summary>
    internal int Batch { get; }

    /// <summary>T.</summary>
    internal int Tokens { get; }

    /// <summary>int32 <c>[R]</c>.</summary>
    internal Tensor Ids { get; }

    /// <summary>int32 <c>[R]</c>; -100 where unlabelled.</summary>
    internal Tensor Labels { get; }

    /// <summary>float32 <c>[T, H/2]</c>.</summary>
    internal Tensor Cos { get; }

    /// <summary>float32 <c>[T, H/2]</c>.</summary>
    internal Tensor Sin { get; }

    /// <summary>One tape per layer.</summary>
    internal LayerTape[] Tapes { get; }

    /// <summary>The residual stream after the last layer <c>[R, D]</c>.</summary>
    internal Tensor Final { get; }

    /// <summary>1/rms of the final residual stream <c>[R]</c>.</summary>
    internal Tensor FinalRstd { get; }

    /// <summary>A normed residual stream, or its gradient <c>[R, D]</c>.</summary>
    internal Tensor Norm { get; }

    /// <summary>Gradient of the residual stream <c>[R, D]</c>.</summary>
    internal Tensor Gradient { get; }

    /// <summary>Fused projections before rotary, or their gradient <c>[R, (N + 2K) H]</c>.</summary>
    internal Tensor Qkv { get; }

    /// <summary>Gradient of the attention output <c>[R, N H]</c>.</summary>
    internal Tensor OutputGradient { get; }

    /// <summary>The same <c>[B, T, N, H]</c> with each head's rows side by side.</summary>
    internal Tensor OutputGradientHeads { get; }

    /// <summary>float32 <c>[B, T, N]</c>.</summary>
    internal Tensor Delta { get; }

    /// <summary>float32 <c>[B, T, N, H]</c>.</summary>
    internal Tensor QGradient { get; }

    /// <summary>float32 <c>[B, T, K, H]</c>.</summary>
    internal Tensor KGradient { get; }

    /// <summary>float32 <c>[B, T, K, H]</c>.</summary>
    internal Tensor VGradient { get; }

    /// <summary>SwiGLU product <c>[R, F]</c>.</summary>
    internal Tensor Act { get; }

    /// <summary>Its gradient <c>[R, F]</c>.</summary>
    internal Tensor ActGradient { get; }

    /// <summary>Bytes of ids, labels and rotary tables.</summary>
    internal long InputBytes { get; }

    /// <summary>Bytes that layers share.</summary>
    internal long WorkspaceBytes { get; }

    /// <summary>Bytes kept from forward to backward, all layers.</summary>
    internal long KeptBytes { get; }

    /// <summary>All of it.</summary>
    internal long TotalBytes => InputBytes + WorkspaceBytes + KeptBytes;

    public void Dispose() => _arena.Dispose();

    /// <summary>Sizes without memory.</summary>
    internal static ActivationMemory Plan(ModelDims dims, int batch, int tokens, ElementType type, RecomputePolicy policy) =>
        new(Arena.ForCounting(), dims, batch, tokens, type, policy);

    internal static ActivationMemory Create(ComputeDevice device, ModelDims dims, int batch, int tokens, ElementType type, RecomputePolicy policy)
    {
        var bytes = Plan(dims, batch, tokens, type, policy).TotalBytes;
        return new(new Arena(device, bytes), dims, batch, tokens, type, policy);
    }
}
