namespace ActorRing.Native.Specs;

/// <summary>A tensor argument of an operation.</summary>
/// <param name="Name">As in <c>actorring.h</c>.</param>
/// <param name="Type">Element type in the valid call.</param>
/// <param name="Shape">Shape in the valid call.</param>
/// <param name="IsOptional">Whether null is allowed.</param>
internal sealed record RawArgument(string Name, ElementType Type, long[] Shape, bool IsOptional = false);

/// <summary>Calls an operation with these tensors, every other argument being valid.</summary>
internal unsafe delegate NativeStatus RawCall(RawBench bench, NativeTensor** tensors);

/// <summary>Every operation that takes tensors, with a valid call of each: the ground that abuse starts from.</summary>
/// <param name="Name">As in <c>actorring.h</c>.</param>
/// <param name="Arguments">Its tensors, in order.</param>
/// <param name="Call">The call.</param>
internal sealed unsafe record RawOperation(string Name, RawArgument[] Arguments, RawCall Call)
{
    private const ElementType F32 = ElementType.Float32;

    internal static readonly RawOperation[] All =
    [
        new("ar_fill", [new("x", F32, [3, 5])], (b, t) => b.Table.Fill(b.Context, 1, t[0])),
        new("ar_copy", [new("x", F32, [3, 5]), new("y", F32, [3, 5])], (b, t) => b.Table.Copy(b.Context, t[0], t[1])),
        new("ar_add", [new("x", F32, [3, 5]), new("y", F32, [3, 5])], (b, t) => b.Table.Add(b.Context, 2, t[0], t[1])),
        new("ar_square_sum", [new("x", F32, [3, 5])], (b, t) =>
        {
            double sum;
            return b.Table.SquareSum(b.Context, t[0], &sum);
        }),
        new("ar_linear_forward", [new("x", F32, [3, 5]), new("w", F32, [7, 5]), new("bias", F32, [7], true), new("y", F32, [3, 7])],
            (b, t) => b.Table.LinearForward(b.Context, t[0], t[1], t[2], 0, t[3])),
        new("ar_linear_backward_input", [new("dy", F32, [3, 7]), new("w", F32, [7, 5]), new("dx", F32, [3, 5])],
            (b, t) => b.Table.LinearBackwardInput(b.Context, t[0], t[1], 0, t[2])),
        new("ar_linear_backward_weight", [new("dy", F32, [3, 7]), new("x", F32, [3, 5]), new("dw", F32, [7, 5]), new("dbias", F32, [7], true)],
            (b, t) => b.Table.LinearBackwardWeight(b.Context, t[0], t[1], 0, t[2], t[3])),
        new("ar_embedding_forward", [new("ids", ElementType.Int32, [3]), new("table", F32, [4, 5]), new("y", F32, [3, 5])],
            (b, t) => b.Table.EmbeddingForward(b.Context, t[0], t[1], t[2])),
        new("ar_embedding_backward", [new("ids", ElementType.Int32, [3]), new("dy", F32, [3, 5]), new("dtable", F32, [4, 5])],
            (b, t) => b.Table.EmbeddingBackward(b.Context, t[0], t[1], t[2])),
        new("ar_rms_norm_forward", [new("x", F32, [3, 5]), new("w", F32, [5]), new("y", F32, [3, 5]), new("rstd", F32, [3])],
            (b, t) => b.Table.RmsNormForward(b.Context, t[0], t[1], 1e-5, t[2], t[3])),
        new("ar_rms_norm_backward", [new("x", F32, [3, 5]), new("w", F32, [5]), new("rstd", F32, [3]), new("dy", F32, [3, 5]), new("dx", F32, [3, 5]),
            new("dw", F32, [5])],
            (b, t) => b.Table.RmsNormBackward(b.Context, t[0], t[1], t[2], t[3], 0, t[4], t[5])),
        new("ar_rotary", [new("x", F32, [2, 3, 2, 8]), new("cos", F32, [3, 4]), new("sin", F32, [3, 4]), new("y", F32, [2, 3, 2, 8])],
            (b, t) => b.Table.Rotary(b.Context, t[0], t[1], t[2], 0, t[3])),
        new("ar_swiglu_forward", [new("gate_up", F32, [3, 10]), new("y", F32, [3, 5])], (b, t) => b.Table.SwiGluForward(b.Context, t[0], t[1])),
        new("ar_swiglu_backward", [new("gate_up", F32, [3, 10]), new("dy", F32, [3, 5]), new("d_gate_up", F32, [3, 10]), new("y", F32, [3, 5], true)],
            (b, t) => b.Table.SwiGluBackward(b.Context, t[0], t[1], t[2], t[3])),
        new("ar_attention_forward", [Q("q"), K("k"), K("v"), Q("state_out"), Row("row_max"), Row("row_sum"), Q("out"), Row("lse")],
            (b, t) => Attend(b, t, new NativeAttentionMask { Causal = 1, QueryStep = 1, KeyStep = 1 }, 0.2, 0)),
        new("ar_attention_merge", [Q("part_out"), Row("part_max"), Row("part_sum"), Q("state_out"), Row("row_max"), Row("row_sum")],
            (b, t) => b.Table.AttentionMerge(b.Context, t[0], t[1], t[2], t[3], t[4], t[5])),
        new("ar_attention_finish", [Q("state_out"), Row("row_max"), Row("row_sum"), Q("out"), Row("lse")],
            (b, t) => b.Table.AttentionFinish(b.Context, t[0], t[1], t[2], t[3], t[4])),
        new("ar_attention_delta", [Q("out"), Q("dout"), Row("delta")], (b, t) => b.Table.AttentionDelta(b.Context, t[0], t[1], t[2])),
        new("ar_attention_backward", [Q("q"), K("k"), K("v"), Q("dout"), Row("lse"), Row("delta"), Q("dq"), K("dk"), K("dv")], (b, t) =>
        {
            var mask = new NativeAttentionMask { Causal = 1, QueryStep = 1, KeyStep = 1 };
            return b.Table.AttentionBackward(b.Context, t[0], t[1], t[2], t[3], t[4], t[5], &mask, 0.2, 0, t[6], t[7], t[8]);
        }),
        new("ar_attention_scratch_bytes", [Q("q"), K("k")], (b, t) =>
        {
            long bytes;
            return b.Table.AttentionScratchBytes(b.Context, t[0], t[1], &bytes);
        }),
        new("ar_lm_head_cross_entropy",
            [new("x", F32, [3, 5]), new("w", F32, [4, 5]), new("labels", ElementType.Int32, [3]), new("dx", F32, [3, 5]), new("dw", F32, [4, 5], true),
                new("row_loss", F32, [3], true)], (b, t) =>
        {
            double sum;
            long count;
            return b.Table.LmHeadCrossEntropy(b.Context, t[0], t[1], t[2], 1, t[3], t[4], t[5], &sum, &count);
        }),
        new("ar_lm_head_scratch_bytes", [new("x", F32, [3, 5]), new("w", F32, [4, 5])], (b, t) =>
        {
            long bytes;
            return b.Table.LmHeadScratchBytes(b.Context, t[0], t[1], &bytes);
        }),
        new("ar_adamw", [new("g", F32, [5]), new("w", F32, [5]), new("m", F32, [5]), new("v", F32, [5]), new("w_compute", ElementType.BFloat16, [5], true)],
            (b, t) =>
        {
            var options = new NativeAdamWOptions { LearningRate = 0.1, Beta1 = 0.9, Beta2 = 0.95, Epsilon = 1e-8, GradientScale = 1, Step = 1 };
            return b.Table.AdamW(b.Context, &options, t[0], t[1], t[2], t[3], t[4]);
        }),
    ];

    /// <summary>Names for theory rows.</summary>
    internal static IEnumerable<string> Names => All.Select(operation => operation.Name);

    internal static RawOperation Named(string name) => All.Single(operation => operation.Name == name);

    /// <summary>Attention in the middle of a running one: every tensor is needed then, except out and lse, which LAST asks for.</summary>
    internal static NativeStatus Attend(RawBench bench, NativeTensor** t, NativeAttentionMask mask, double scale, int flags) =>
        bench.Table.AttentionForward(bench.Context, t[0], t[1], t[2], &mask, scale, flags | 2, t[3], t[4], t[5], t[6], t[7]);

    /// <summary>Makes valid tensors and calls with what <paramref name="spoil"/> leaves of them.</summary>
    internal NativeStatus CallWith(RawBench bench, Func<RawArgument, NativeTensor, NativeTensor?> spoil)
    {
        var tensors = Arguments.Select(argument => spoil(argument, bench.CreateTensor(argument.Type, argument.Shape))).ToArray();
        return Invoke(bench, tensors);
    }

    internal NativeStatus Invoke(RawBench bench, NativeTensor?[] tensors)
    {
        var values = stackalloc NativeTensor[tensors.Length];
        var pointers = stackalloc NativeTensor*[tensors.Length];
        for (var i = 0; i < tensors.Length; i++)
        {
            values[i] = tensors[i].GetValueOrDefault();
            pointers[i] = tensors[i] is null ? null : &values[i];
        }

        return Call(bench, pointers);
    }

    private static RawArgument Q(string name) => new(name, F32, [2, 3, 4, 32]);

    private static RawArgument K(string name) => new(name, F32, [2, 5, 2, 32]);

    private static RawArgument Row(string name) => new(name, F32, [2, 3, 4]);
}
