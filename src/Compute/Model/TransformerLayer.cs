using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Model;

// Shape letters: B batch, T tokens on this rank, R = B*T rows, D model dim, N query heads, K KV heads, H head dim, F MLP dim.

/// <summary>One pre-norm Llama layer: x → x + attention(norm x) → + mlp(norm x). Backward mirrors forward, line for line from the bottom.</summary>
internal sealed class TransformerLayer(ComputeDevice device, ModelDims dims, int layer, LayerViews weights, IAttentionStrategy attention)
{
    private readonly AttentionLayer _layer = new(layer, dims.WindowOf(layer));

    /// <summary>Forward: reads the tape's input, leaves the tape, writes the next layer's input.</summary>
    internal void Forward(LayerTape tape, in Tensor next, ActivationMemory memory, SequenceMasks masks)
    {
        ProjectQkv(tape, memory);
        Attend(tape, masks);
        AddAttention(tape);
        ProjectGateUp(tape, memory);
        device.SwiGluForward(tape.GateUp, memory.Act);
        device.Copy(tape.Middle, next);
        device.LinearForward(memory.Act, weights.Down, weights.DownBias, accumulate: true, next);
    }

    /// <summary>Backward: memory.Gradient <c>[R, D]</c> holds the gradient of this layer's output and then that of its input; parameter gradients are added to.</summary>
    internal void Backward(LayerTape tape, LayerViews gradients, ActivationMemory memory, SequenceMasks masks, RecomputePolicy policy)
    {
        if (!policy.KeepsProjections)
        {
            ProjectQkv(tape, memory);
            if (!policy.KeepsAttention)
            {
                Attend(tape, masks);
            }

            AddAttention(tape);
            ProjectGateUp(tape, memory);
        }

        BackwardMlp(tape, gradients, memory);
        BackwardAttention(tape, gradients, memory, masks);
    }

    // q, k, v [B, T, heads, H] = rotate(norm(x) Wqkv)
    private void ProjectQkv(LayerTape tape, ActivationMemory memory)
    {
        device.RmsNormForward(tape.Input, weights.AttentionNorm, dims.NormEpsilon, memory.Norm, tape.InputRstd);
        device.LinearForward(memory.Norm, weights.Qkv, weights.QkvBias, accumulate: false, memory.Qkv);
        var (q, k, v) = SplitHeads(memory);
        device.Rotary(q, memory.Cos, memory.Sin, inverse: false, tape.Q);
        device.Rotary(k, memory.Cos, memory.Sin, inverse: false, tape.K);
        device.Copy(v, tape.V);
    }

    private void Attend(LayerTape tape, SequenceMasks masks) =>
        attention.Forward(tape.Q, tape.K, tape.V, masks, _layer, dims.SoftmaxScale, tape.Output.AsHeads(masks.Batch, dims.Heads, dims.HeadSize), tape.Lse);

    // middle = x + out Wo
    private void AddAttention(LayerTape tape)
    {
        device.Copy(tape.Input, tape.Middle);
        device.LinearForward(tape.Output, weights.Output, weights.OutputBias, accumulate: true, tape.Middle);
    }

    // gate, up [R, 2F] = norm(middle) Wgu
    private void ProjectGateUp(LayerTape tape, ActivationMemory memory)
    {
        device.RmsNormForward(tape.Middle, weights.MlpNorm, dims.NormEpsilon, memory.Norm, tape.MiddleRstd);
        device.LinearForward(memory.Norm, weights.GateUp, weights.GateUpBias, accumulate: false, tape.GateUp);
    }

    private void BackwardMlp(LayerTape tape, LayerViews gradients, ActivationMemory memory)
    {
        device.LinearBackwardInput(memory.Gradient, weights.Down, accumulate: false, memory.ActGradient);
        device.SwiGluBackward(tape.GateUp, memory.ActGradient, tape.GateUp, memory.Act);
        device.LinearBackwardWeight(memory.Gradient, memory.Act, accumulate: true, gradients.Down, gradients.DownBias);

        device.RmsNormForward(tape.Middle, weights.MlpNorm, dims.NormEpsilon, memory.Norm, tape.MiddleRstd);
        device.LinearBackwardWeight(tape.GateUp, memory.Norm, accumulate: true, gradients.GateUp, gradients.GateUpBias);
        device.LinearBackwardInput(tape.GateUp, weights.GateUp, accumulate: false, memory.Norm);
        device.RmsNormBackward(tape.Middle, weights.MlpNorm, tape.MiddleRstd, memory.Norm, accumulate: true, memory.Gradient, gradients.MlpNorm);
    }

    private void BackwardAttention(LayerTape tape, LayerViews gradients, ActivationMemory memory, SequenceMasks masks)
    {
        device.LinearBackwardWeight(memory.Gradient, tape.Output, accumulate: true, gradients.Output, gradients.OutputBias);
        device.LinearBackwardInput(memory.Gradient, weights.Output, accumulate: false, memory.OutputGradient);

        var dout = memory.OutputGradient.AsHeads(masks.Batch, dims.Heads, dims.HeadSize);
        device.AttentionDelta(tape.Output.AsHeads(masks.Batch, dims.Heads, dims.HeadSize), dout, memory.Delta);
        device.Copy(dout, memory.OutputGradientHeads);
        attention.Backward(
            tape.Q, tape.K, tape.V, memory.OutputGradientHeads, tape.Lse, memory.Delta, masks, _layer, dims.SoftmaxScale,
            memory.QGradient, memory.KGradient, memory.VGradient);

        var (dq, dk, dv) = SplitHeads(memory);
        device.Rotary(memory.QGradient, memory.Cos, memory.Sin, inverse: true, dq);
        device.Rotary(memory.KGradient, memory.Cos, memory.Sin, inverse: true, dk);
        device.Copy(memory.VGradient, dv);

        device.RmsNormForward(tape.Input, weights.AttentionNorm, dims.NormEpsilon, memory.Norm, tape.InputRstd);
        device.LinearBackwardWeight(memory.Qkv, memory.Norm, accumulate: true, gradients.Qkv, gradients.QkvBias);
        device.LinearBackwardInput(memory.Qkv, weights.Qkv, accumulate: false, memory.Norm);
        device.RmsNormBackward(tape.Input, weights.AttentionNorm, tape.InputRstd, memory.Norm, accumulate: true, memory.Gradient, gradients.AttentionNorm);
    }

    // The three parts of the fused projection as heads [B, T, heads, H].
    private (Tensor Q, Tensor K, Tensor V) SplitHeads(ActivationMemory memory)
    {
        var kvWidth = dims.KvHeads * dims.HeadSize;
        return (
            memory.Qkv.Slice(1, 0, dims.AttentionWidth).AsHeads(memory.Batch, dims.Heads, dims.HeadSize),
            memory.Qkv.Slice(1, dims.AttentionWidth, kvWidth).AsHeads(memory.Batch, dims.KvHeads, dims.HeadSize),
            memory.Qkv.Slice(1, dims.AttentionWidth + kvWidth, kvWidth).AsHeads(memory.Batch, dims.KvHeads, dims.HeadSize));
    }
}
