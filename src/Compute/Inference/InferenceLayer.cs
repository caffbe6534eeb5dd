using ActorRing.Compute.Model;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Inference;

// Shape letters: C tokens of a chunk, D model dim, N query heads, K KV heads, H head dim, F MLP dim.

/// <summary>One pre-norm Llama layer without a tape: the residual stream is written in place, in two halves with the attention between them.</summary>
internal sealed class InferenceLayer(ComputeDevice device, ModelDims dims, int layer, LayerViews weights)
{
    /// <summary>Which layer, and its window.</summary>
    internal AttentionLayer Attention { get; } = new(layer, dims.WindowOf(layer));

    /// <summary>q <c>[1, C, N, H]</c>, k, v <c>[1, C, K, H]</c> = rotate(norm(x) Wqkv).</summary>
    /// <param name="memory">Temporaries.</param>
    /// <param name="x">Residual stream <c>[C, D]</c>; read.</param>
    /// <param name="cos">float32 <c>[C, H/2]</c>.</param>
    /// <param name="sin">float32 <c>[C, H/2]</c>.</param>
    /// <param name="q">Written.</param>
    /// <param name="k">Written; absent where another rank keeps it.</param>
    /// <param name="v">Written; absent with k.</param>
    internal void Project(InferenceMemory memory, in Tensor x, in Tensor cos, in Tensor sin, in Tensor q, in Tensor k, in Tensor v)
    {
        var rows = x.Size(0);
        var (norm, qkv) = (memory.Norm.Slice(0, 0, rows), memory.Qkv.Slice(0, 0, rows));
        device.RmsNormForward(x, weights.AttentionNorm, dims.NormEpsilon, norm, memory.Rstd.Slice(0, 0, rows));
        device.LinearForward(norm, weights.Qkv, weights.QkvBias, accumulate: false, qkv);

        var kvWidth = dims.KvHeads * dims.HeadSize;
        device.Rotary(qkv.Slice(1, 0, dims.AttentionWidth).AsHeads(1, dims.Heads, dims.HeadSize), cos, sin, inverse: false, q);
        if (!k.IsNone)
        {
            device.Rotary(qkv.Slice(1, dims.AttentionWidth, kvWidth).AsHeads(1, dims.KvHeads, dims.HeadSize), cos, sin, inverse: false, k);
            device.Copy(qkv.Slice(1, dims.AttentionWidth + kvWidth, kvWidth).AsHeads(1, dims.KvHeads, dims.HeadSize), v);
        }
    }

    /// <summary>x += out Wo, then x += mlp(norm x).</summary>
    /// <param name="memory">Temporaries.</param>
    /// <param name="x">Residual stream <c>[C, D]</c>; read and written.</param>
    /// <param name="output">Attention output <c>[C, N H]</c>.</param>
    internal void Finish(InferenceMemory memory, in Tensor x, in Tensor output)
    {
        var rows = x.Size(0);
        var (norm, gateUp, act) = (memory.Norm.Slice(0, 0, rows), memory.GateUp.Slice(0, 0, rows), memory.Act.Slice(0, 0, rows));
        device.LinearForward(output, weights.Output, weights.OutputBias, accumulate: true, x);
        device.RmsNormForward(x, weights.MlpNorm, dims.NormEpsilon, norm, memory.Rstd.Slice(0, 0, rows));
        device.LinearForward(norm, weights.GateUp, weights.GateUpBias, accumulate: false, gateUp);
        device.SwiGluForward(gateUp, act);
        device.LinearForward(act, weights.Down, weights.DownBias, accumulate: true, x);
    }
}
