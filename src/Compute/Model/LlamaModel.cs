using ActorRing.Compute.Data;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Model;

// Shape letters: B batch, T tokens on this rank, R = B*T rows, D model dim, V vocabulary.

/// <summary>A Llama-family model with its backward pass written out; owns the activations of one micro-batch shape.</summary>
public sealed class LlamaModel : IDisposable
{
    private readonly ComputeDevice _device;
    private readonly Parameters _parameters;
    private readonly TransformerLayer[] _layers;
    private readonly RecomputePolicy _policy;
    private readonly ActivationMemory _memory;
    private readonly SequenceMasks _masks;

    /// <summary>Plans and takes the memory of micro-batches of <paramref name="batch"/> sequences of <paramref name="tokens"/> tokens.</summary>
    /// <param name="parameters">Weights; borrowed.</param>
    /// <param name="attention">How attention is computed; borrowed.</param>
    /// <param name="policy">What is kept for backward.</param>
    /// <param name="batch">B.</param>
    /// <param name="tokens">T on this rank.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public LlamaModel(Parameters parameters, IAttentionStrategy attention, RecomputePolicy policy, int batch, int tokens)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(policy);
        _parameters = parameters;
        _device = parameters.Device;
        _policy = policy;
        _memory = ActivationMemory.Create(_device, parameters.Dims, batch, tokens, parameters.ComputeType, policy);
        _layers = [.. parameters.Compute.Layers.Select((weights, layer) => new TransformerLayer(_device, parameters.Dims, layer, weights, attention))];
        _masks = new SequenceMasks(batch);
    }

    /// <summary>B.</summary>
    public int Batch => _memory.Batch;

    /// <summary>T.</summary>
    public int Tokens => _memory.Tokens;

    /// <summary>Bytes of activations by part: inputs, workspace, kept.</summary>
    public ActivationBytes Bytes => new(_memory.InputBytes, _memory.WorkspaceBytes, _memory.KeptBytes);

    /// <summary>What <see cref="Bytes"/> of a model would be, without making one.</summary>
    public static ActivationBytes PlanBytes(ModelDims dims, ElementType computeType, RecomputePolicy policy, int batch, int tokens)
    {
        var plan = ActivationMemory.Plan(dims, batch, tokens, computeType, policy);
        return new(plan.InputBytes, plan.WorkspaceBytes, plan.KeptBytes);
    }

    /// <summary>Sets the rotary tables of positions 0 to T - 1 as the config's rotary type computes them for sequences of T tokens.</summary>
    public void SetRotary(LlamaConfig config) => SetRotary(config, [.. Enumerable.Range(0, Tokens)], Tokens);

    /// <summary>Sets the rotary tables of this rank's tokens.</summary>
    /// <param name="config">Its rotary type says which frequencies a sequence of S tokens has.</param>
    /// <param name="positions">Global positions <c>[T]</c>: cut out of the whole sequence, never counted anew from 0 on each rank.</param>
    /// <param name="wholeTokens">S.</param>
    public void SetRotary(LlamaConfig config, ReadOnlySpan<int> positions, int wholeTokens)
    {
        var half = _parameters.Dims.HeadSize / 2;
        var cos = new float[Tokens * half];
        var sin = new float[Tokens * half];
        var at = new long[positions.Length];
        for (var t = 0; t < at.Length; t++)
        {
            at[t] = positions[t];
        }

        RotaryTable.Fill(RopeFrequencies.Of(config, wholeTokens), at, cos, sin);
        SetRotary(cos, sin);
    }

    /// <summary>Sets the rotary tables.</summary>
    /// <param name="cos">Row-major <c>[T, H/2]</c>.</param>
    /// <param name="sin">Row-major <c>[T, H/2]</c>.</param>
    public void SetRotary(ReadOnlySpan<float> cos, ReadOnlySpan<float> sin)
    {
        _device.Write(cos, _memory.Cos);
        _device.Write(sin, _memory.Sin);
    }

    /// <summary>Takes over a micro-batch: tokens, labels, documents.</summary>
    /// <param name="batch">B rows of T tokens, each id in [0, V).</param>
    public void Load(Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        _device.Write<int>(batch.Ids, _memory.Ids);
        _device.Write<int>(batch.Labels, _memory.Labels);
        _masks.Clear();
        for (var row = 0; row < batch.Rows; row++)
        {
            // The last start is the end of the row.
            _masks.SetDocuments(row, batch.DocumentStarts(row)[..^1]);
        }
    }

    /// <summary>Embedding and all layers: leaves the tapes and the final residual stream.</summary>
    /// <exception cref="ArgumentException">A token id lies outside the vocabulary.</exception>
    public void Forward()
    {
        _device.EmbeddingForward(_memory.Ids, _parameters.Compute.Embedding, _memory.Tapes[0].Input);
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer].Forward(_memory.Tapes[layer], InputOf(layer + 1), _memory, _masks);
        }

        _device.RmsNormForward(_memory.Final, _parameters.Compute.FinalNorm, _parameters.Dims.NormEpsilon, _memory.Norm, _memory.FinalRstd);
    }

    /// <summary>Summed loss of the labelled tokens, after <see cref="Forward"/>.</summary>
    /// <param name="rowLoss">float32 <c>[R]</c>, or absent.</param>
    public LossSum Loss(in Tensor rowLoss = default) => _device.LmHeadCrossEntropy(_memory.Norm, _parameters.Compute.LmHead, _memory.Labels, 0, default, default, rowLoss);

    /// <summary>Summed loss, and the gradient of <paramref name="gradientScale"/> times it where the backward pass starts.</summary>
    /// <param name="gradients">Added to.</param>
    /// <param name="gradientScale">1 / labelled tokens of the whole optimiser step, so that gradients are those of the mean.</param>
    public LossSum LossAndGradient(ParameterViews gradients, double gradientScale)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        var loss = _device.LmHeadCrossEntropy(_memory.Norm, _parameters.Compute.LmHead, _memory.Labels, gradientScale, _memory.Gradient, gradients.LmHead, default);

        // The norm's gradient needs a place of its own: what came out of the LM head moves there, and the residual stream's gradient starts from it.
        _device.Copy(_memory.Gradient, _memory.Norm);
        _device.RmsNormBackward(_memory.Final, _parameters.Compute.FinalNorm, _memory.FinalRstd, _memory.Norm, accumulate: false, _memory.Gradient, gradients.FinalNorm);
        return loss;
    }

    /// <summary>All layers from the last to the first, then the embedding; after <see cref="LossAndGradient"/>. Uses the tapes up.</summary>
    /// <param name="gradients">Added to.</param>
    public void Backward(ParameterViews gradients)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        for (var layer = _layers.Length - 1; layer >= 0; layer--)
        {
            _layers[layer].Backward(_memory.Tapes[layer], gradients.Layers[layer], _memory, _masks, _policy);
        }

        _device.EmbeddingBackward(_memory.Ids, _memory.Gradient, gradients.Embedding);
    }

    /// <summary>Logits of every position, float32 row-major <c>[R, V]</c>, after <see cref="Forward"/>; for evaluation and checks, not for training.</summary>
    public float[] Logits()
    {
        long rows = (long)Batch * Tokens;
        using var buffer = _device.CreateBuffer(rows * _parameters.Dims.Vocabulary * sizeof(float));
        var logits = Tensor.Of(buffer, 0, ElementType.Float32, rows, _parameters.Dims.Vocabulary);
        _device.LinearForward(_memory.Norm, _parameters.Compute.LmHead, default, accumulate: false, logits);
        var result = new float[checked((int)logits.Count)];
        _device.Read<float>(logits, result);
        return result;
    }

    /// <summary>The likeliest token after the token of a row, after <see cref="Forward"/>; the lowest id of several.</summary>
    /// <param name="row">From 0, below R.</param>
    public int LikeliestAfter(int row)
    {
        using var buffer = _device.CreateBuffer(_parameters.Dims.Vocabulary * sizeof(float));
        var logits = Tensor.Of(buffer, 0, ElementType.Float32, 1, _parameters.Dims.Vocabulary);
        _device.LinearForward(_memory.Norm.Slice(0, row, 1), _parameters.Compute.LmHead, default, accumulate: false, logits);
        var values = new float[_parameters.Dims.Vocabulary];
        _device.Read<float>(logits, values);
        return Array.IndexOf(values, values.Max());
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private Tensor InputOf(int layer) => layer < _layers.Length ? _memory.Tapes[layer].Input : _memory.Final;
}

/// <summary>Activation memory of one micro-batch, bytes.</summary>
/// <param name="Inputs">Ids, labels, rotary tables.</param>
/// <param name="Workspace">Temporaries that layers share.</param>
/// <param name="Kept">What forward keeps for backward.</param>
public readonly record struct ActivationBytes(long Inputs, long Workspace, long Kept)
{
    /// <summary>Their sum.</summary>
    public long Total => Inputs + Workspace + Kept;
}
