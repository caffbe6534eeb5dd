using ActorRing.Native;

namespace ActorRing.Compute.Specs.Reference;

/// <summary>
/// A whole Llama in float64, forward and backward, from parameters under their Hugging Face names. A projection has a bias when the dictionary holds one.
/// </summary>
/// <remarks>Shape letters: R = B*T rows, D model dim, N query heads, K KV heads, H head dim, F MLP dim, V vocabulary.</remarks>
internal sealed class ReferenceLlama(ReferenceLlamaDims dims, IReadOnlyDictionary<string, double[]> parameters)
{
    private const string Embedding = "model.embed_tokens.weight";
    private const string FinalNorm = "model.norm.weight";

    private string Head => dims.TiedHead ? Embedding : "lm_head.weight";

    /// <returns>Logits <c>[R, V]</c>.</returns>
    internal double[] Logits(ReferenceBatch batch) => Forward(batch).Logits;

    /// <returns>The sum of the labelled rows' losses and their number.</returns>
    internal (double Sum, long Count) Loss(ReferenceBatch batch) =>
        (ReferenceCrossEntropy.Forward(Forward(batch).Logits, batch.Labels, dims.V).Sum(), LabelCount(batch));

    /// <summary>Gradients of (sum of losses / labelled rows) for every parameter.</summary>
    internal ReferenceGradients Backward(ReferenceBatch batch)
    {
        var trace = Forward(batch);
        var rows = batch.Ids.Length;
        var count = LabelCount(batch);
        var gradients = parameters.ToDictionary(entry => entry.Key, entry => new double[entry.Value.Length]);

        var dlogits = Array.ConvertAll(ReferenceCrossEntropy.Backward(trace.Logits, batch.Labels, dims.V), value => value / count);
        var dnormed = LinearBackward(Head, dlogits, trace.Normed, rows, dims.D, dims.V, gradients);
        var dx = NormBackward(FinalNorm, trace.Hidden, trace.Rstd, dnormed, rows, gradients);
        for (var layer = dims.L - 1; layer >= 0; layer--)
        {
            dx = LayerBackward(layer, batch, trace.Layers[layer], dx, gradients);
        }

        Accumulate(gradients[Embedding], ReferenceEmbedding.Backward(batch.Ids, dx, dims.V, dims.D));
        return new ReferenceGradients(ReferenceCrossEntropy.Forward(trace.Logits, batch.Labels, dims.V).Sum(), count, gradients);
    }

    private static long LabelCount(ReferenceBatch batch) => batch.Labels.LongCount(label => label != ReferenceCrossEntropy.Unlabelled);

    private Trace Forward(ReferenceBatch batch)
    {
        var rows = batch.Ids.Length;
        var x = ReferenceEmbedding.Forward(batch.Ids, parameters[Embedding], dims.D);
        var layers = new List<LayerTrace>();
        for (var layer = 0; layer < dims.L; layer++)
        {
            layers.Add(LayerForward(layer, batch, x));
            x = layers[^1].Output;
        }

        var (normed, rstd) = ReferenceRmsNorm.Forward(x, parameters[FinalNorm], dims.RmsEpsilon, rows);
        return new Trace(layers, x, normed, rstd, Linear(Head, normed, rows, dims.D, dims.V));
    }

    private LayerTrace LayerForward(int layer, ReferenceBatch batch, double[] x)
    {
        var rows = batch.Ids.Length;
        var name = $"model.layers.{layer}.";

        var (normed, rstd) = ReferenceRmsNorm.Forward(x, parameters[name + "input_layernorm.weight"], dims.RmsEpsilon, rows);
        var q = Rotate(Linear(name + "self_attn.q_proj.weight", normed, rows, dims.D, dims.N * dims.H), batch, dims.N);
        var k = Rotate(Linear(name + "self_attn.k_proj.weight", normed, rows, dims.D, dims.K * dims.H), batch, dims.K);
        var v = Linear(name + "self_attn.v_proj.weight", normed, rows, dims.D, dims.K * dims.H);
        var (attended, lse) = ReferenceAttention.Forward(Attention(batch), q, k, v, Mask(layer, batch), SoftmaxScale);
        var middle = Sum(x, Linear(name + "self_attn.o_proj.weight", attended, rows, dims.N * dims.H, dims.D));

        var (mlpNormed, mlpRstd) = ReferenceRmsNorm.Forward(middle, parameters[name + "post_attention_layernorm.weight"], dims.RmsEpsilon, rows);
        var gate = Linear(name + "mlp.gate_proj.weight", mlpNormed, rows, dims.D, dims.F);
        var up = Linear(name + "mlp.up_proj.weight", mlpNormed, rows, dims.D, dims.F);
        var activated = ReferenceSwiGlu.Forward(gate, up);
        var output = Sum(middle, Linear(name + "mlp.down_proj.weight", activated, rows, dims.F, dims.D));
        return new LayerTrace(x, normed, rstd, q, k, v, attended, lse, middle, mlpNormed, mlpRstd, gate, up, activated, output);
    }

    private double[] LayerBackward(int layer, ReferenceBatch batch, LayerTrace trace, double[] doutput, Dictionary<string, double[]> gradients)
    {
        var rows = batch.Ids.Length;
        var name = $"model.layers.{layer}.";

        var dactivated = LinearBackward(name + "mlp.down_proj.weight", doutput, trace.Activated, rows, dims.F, dims.D, gradients);
        var (dgate, dup) = ReferenceSwiGlu.Backward(trace.Gate, trace.Up, dactivated);
        var dmlpNormed = Sum(
            LinearBackward(name + "mlp.gate_proj.weight", dgate, trace.MlpNormed, rows, dims.D, dims.F, gradients),
            LinearBackward(name + "mlp.up_proj.weight", dup, trace.MlpNormed, rows, dims.D, dims.F, gradients));
        var dmiddle = Sum(doutput, NormBackward(name + "post_attention_layernorm.weight", trace.Middle, trace.MlpRstd, dmlpNormed, rows, gradients));

        var dattended = LinearBackward(name + "self_attn.o_proj.weight", dmiddle, trace.Attended, rows, dims.N * dims.H, dims.D, gradients);
        var delta = ReferenceAttention.Delta(Attention(batch), trace.Attended, dattended);
        var (dq, dk, dv) = ReferenceAttention.Backward(Attention(batch), trace.Q, trace.K, trace.V, dattended, trace.Lse, delta, Mask(layer, batch),
            SoftmaxScale);
        var dnormed = Sum(
            LinearBackward(name + "self_attn.q_proj.weight", RotateBack(dq, batch, dims.N), trace.Normed, rows, dims.D, dims.N * dims.H, gradients),
            LinearBackward(name + "self_attn.k_proj.weight", RotateBack(dk, batch, dims.K), trace.Normed, rows, dims.D, dims.K * dims.H, gradients),
            LinearBackward(name + "self_attn.v_proj.weight", dv, trace.Normed, rows, dims.D, dims.K * dims.H, gradients));
        return Sum(dmiddle, NormBackward(name + "input_layernorm.weight", trace.Input, trace.Rstd, dnormed, rows, gradients));
    }

    private double SoftmaxScale => 1 / Math.Sqrt(dims.H);

    private AttentionDims Attention(ReferenceBatch batch) => new(batch.Batch, batch.T, batch.T, dims.N, dims.K, dims.H);

    private AttentionMask Mask(int layer, ReferenceBatch batch) =>
        new() { Window = dims.Windows[layer], DocumentStarts = batch.DocumentStarts };

    private double[] Rotate(double[] x, ReferenceBatch batch, int heads) =>
        ReferenceRotary.Forward(x, batch.Cos, batch.Sin, batch.Batch, batch.T, heads, dims.H);

    private double[] RotateBack(double[] dy, ReferenceBatch batch, int heads) =>
        ReferenceRotary.Backward(dy, batch.Cos, batch.Sin, batch.Batch, batch.T, heads, dims.H);

    private double[] Linear(string weight, double[] x, int rows, int inputs, int outputs) =>
        ReferenceLinear.Forward(x, parameters[weight], parameters.GetValueOrDefault(BiasOf(weight)), rows, inputs, outputs);

    private double[] LinearBackward(string weight, double[] dy, double[] x, int rows, int inputs, int outputs, Dictionary<string, double[]> gradients)
    {
        Accumulate(gradients[weight], ReferenceLinear.BackwardWeight(dy, x, rows, inputs, outputs));
        if (gradients.TryGetValue(BiasOf(weight), out var dbias))
        {
            Accumulate(dbias, ReferenceLinear.BackwardBias(dy, rows, outputs));
        }

        return ReferenceLinear.BackwardInput(dy, parameters[weight], rows, inputs, outputs);
    }

    private double[] NormBackward(string weight, double[] x, double[] rstd, double[] dy, int rows, Dictionary<string, double[]> gradients)
    {
        var (dx, dw) = ReferenceRmsNorm.Backward(x, parameters[weight], rstd, dy, rows);
        Accumulate(gradients[weight], dw);
        return dx;
    }

    private static string BiasOf(string weight) => weight[..^"weight".Length] + "bias";

    private static void Accumulate(double[] into, double[] values)
    {
        for (var i = 0; i < into.Length; i++)
        {
            into[i] += values[i];
        }
    }

    private static double[] Sum(params ReadOnlySpan<double[]> terms)
    {
        var sum = new double[terms[0].Length];
        foreach (var term in terms)
        {
            Accumulate(sum, term);
        }

        return sum;
    }

    private sealed record Trace(List<LayerTrace> Layers, double[] Hidden, double[] Normed, double[] Rstd, double[] Logits);

    private sealed record LayerTrace(
        double[] Input, double[] Normed, double[] Rstd, double[] Q, double[] K, double[] V, double[] Attended, double[] Lse, double[] Middle,
        double[] MlpNormed, double[] MlpRstd, double[] Gate, double[] Up, double[] Activated, double[] Output);
}
