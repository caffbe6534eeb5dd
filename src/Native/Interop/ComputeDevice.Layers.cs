namespace ActorRing.Native;

// Shape letters: B batch, T tokens on this rank, R = B*T rows, D model dim, N query heads, K KV heads, H head dim, F MLP dim, V vocabulary.
public sealed unsafe partial class ComputeDevice
{
    /// <summary>x = value.</summary>
    public void Fill(double value, in Tensor x)
    {
        fixed (NativeTensor* px = &x.Native)
        {
            Finish(_library.Fill(Context, value, px), x);
        }
    }

    /// <summary>y = x, any strides, converting between float types.</summary>
    public void Copy(in Tensor x, in Tensor y)
    {
        fixed (NativeTensor* px = &x.Native, py = &y.Native)
        {
            Finish(_library.Copy(Context, px, py), x, y);
        }
    }

    /// <summary>y += alpha x.</summary>
    public void Add(double alpha, in Tensor x, in Tensor y)
    {
        fixed (NativeTensor* px = &x.Native, py = &y.Native)
        {
            Finish(_library.Add(Context, alpha, px, py), x, y);
        }
    }

    /// <summary>Sum of squares in float64; not finite if any element is not.</summary>
    public double SquareSum(in Tensor x)
    {
        double sum;
        fixed (NativeTensor* px = &x.Native)
        {
            Finish(_library.SquareSum(Context, px, &sum), x);
        }

        return sum;
    }

    /// <summary>y <c>[R, O]</c> (+)= x <c>[R, I]</c> wᵀ + bias; w <c>[O, I]</c>, bias <c>[O]</c> or absent.</summary>
    public void LinearForward(in Tensor x, in Tensor w, in Tensor bias, bool accumulate, in Tensor y)
    {
        fixed (NativeTensor* px = &x.Native, pw = &w.Native, pb = &bias.Native, py = &y.Native)
        {
            Finish(_library.LinearForward(Context, px, pw, Optional(bias, pb), accumulate ? 1 : 0, py), x, w, y);
        }

        GC.KeepAlive(bias.Buffer);
    }

    /// <summary>dx <c>[R, I]</c> (+)= dy <c>[R, O]</c> w.</summary>
    public void LinearBackwardInput(in Tensor dy, in Tensor w, bool accumulate, in Tensor dx)
    {
        fixed (NativeTensor* pdy = &dy.Native, pw = &w.Native, pdx = &dx.Native)
        {
            Finish(_library.LinearBackwardInput(Context, pdy, pw, accumulate ? 1 : 0, pdx), dy, w, dx);
        }
    }

    /// <summary>dw <c>[O, I]</c> (+)= dyᵀ x in float32; dbias <c>[O]</c> (+)= column sums of dy, or absent.</summary>
    public void LinearBackwardWeight(in Tensor dy, in Tensor x, bool accumulate, in Tensor dw, in Tensor dbias)
    {
        fixed (NativeTensor* pdy = &dy.Native, px = &x.Native, pdw = &dw.Native, pdb = &dbias.Native)
        {
            Finish(_library.LinearBackwardWeight(Context, pdy, px, accumulate ? 1 : 0, pdw, Optional(dbias, pdb)), dy, x, dw);
        }

        GC.KeepAlive(dbias.Buffer);
    }

    /// <summary>y[r] = table[ids[r]].</summary>
    public void EmbeddingForward(in Tensor ids, in Tensor table, in Tensor y)
    {
        fixed (NativeTensor* pi = &ids.Native, pt = &table.Native, py = &y.Native)
        {
            Finish(_library.EmbeddingForward(Context, pi, pt, py), ids, table, y);
        }
    }

    /// <summary>dtable[ids[r]] += dy[r], in ascending r.</summary>
    public void EmbeddingBackward(in Tensor ids, in Tensor dy, in Tensor dtable)
    {
        fixed (NativeTensor* pi = &ids.Native, pdy = &dy.Native, pdt = &dtable.Native)
        {
            Finish(_library.EmbeddingBackward(Context, pi, pdy, pdt), ids, dy, dtable);
        }
    }

    /// <summary>y = x rstd w with rstd = 1/√(mean(x²) + ε), kept in rstd <c>[R]</c>.</summary>
    public void RmsNormForward(in Tensor x, in Tensor w, double epsilon, in Tensor y, in Tensor rstd)
    {
        fixed (NativeTensor* px = &x.Native, pw = &w.Native, py = &y.Native, pr = &rstd.Native)
        {
            Finish(_library.RmsNormForward(Context, px, pw, epsilon, py, pr), x, w, y);
        }

        GC.KeepAlive(rstd.Buffer);
    }

    /// <summary>dx (+)= and dw += from dy.</summary>
    public void RmsNormBackward(in Tensor x, in Tensor w, in Tensor rstd, in Tensor dy, bool accumulate, in Tensor dx, in Tensor dw)
    {
        fixed (NativeTensor* px = &x.Native, pw = &w.Native, pr = &rstd.Native, pdy = &dy.Native, pdx = &dx.Native, pdw = &dw.Native)
        {
            Finish(_library.RmsNormBackward(Context, px, pw, pr, pdy, accumulate ? 1 : 0, pdx, pdw), x, w, dx);
        }

        GC.KeepAlive(rstd.Buffer);
        GC.KeepAlive(dy.Buffer);
        GC.KeepAlive(dw.Buffer);
    }

    /// <summary>Rotates x <c>[B, T, N, H]</c> by the angles of cos, sin <c>[T, H/2]</c>, or back.</summary>
    public void Rotary(in Tensor x, in Tensor cos, in Tensor sin, bool inverse, in Tensor y)
    {
        fixed (NativeTensor* px = &x.Native, pc = &cos.Native, ps = &sin.Native, py = &y.Native)
        {
            Finish(_library.Rotary(Context, px, pc, ps, inverse ? 1 : 0, py), x, cos, y);
        }

        GC.KeepAlive(sin.Buffer);
    }

    /// <summary>y <c>[R, F]</c> = silu(gate) up; gate_up <c>[R, 2F]</c> holds gate then up.</summary>
    public void SwiGluForward(in Tensor gateUp, in Tensor y)
    {
        fixed (NativeTensor* pg = &gateUp.Native, py = &y.Native)
        {
            Finish(_library.SwiGluForward(Context, pg, py), gateUp, y);
        }
    }

    /// <summary>dGateUp from dy; may overwrite gateUp. y, if present, receives the forward result again.</summary>
    public void SwiGluBackward(in Tensor gateUp, in Tensor dy, in Tensor dGateUp, in Tensor y)
    {
        fixed (NativeTensor* pg = &gateUp.Native, pdy = &dy.Native, pd = &dGateUp.Native, py = &y.Native)
        {
            Finish(_library.SwiGluBackward(Context, pg, pdy, pd, Optional(y, py)), gateUp, dy, dGateUp);
        }

        GC.KeepAlive(y.Buffer);
    }

    /// <summary>Sum of cross-entropy losses of x <c>[R, D]</c> under w <c>[V, D]</c>, without ever holding [R, V]; gradients if dx is present.</summary>
    /// <param name="x">Final hidden states, float32 or bfloat16.</param>
    /// <param name="w">LM head, type of x.</param>
    /// <param name="labels">int32 <c>[R]</c>; -100 marks an unlabelled row.</param>
    /// <param name="gradientScale">Multiplied into dx and dw; 1 / labelled tokens of the whole batch makes them those of the mean.</param>
    /// <param name="dx">Written, or absent: loss only.</param>
    /// <param name="dw">float32 <c>[V, D]</c>, added to; absent: frozen.</param>
    /// <param name="rowLoss">float32 <c>[R]</c> or absent.</param>
    public LossSum LmHeadCrossEntropy(in Tensor x, in Tensor w, in Tensor labels, double gradientScale, in Tensor dx, in Tensor dw, in Tensor rowLoss)
    {
        double sum;
        long count;
        fixed (NativeTensor* px = &x.Native, pw = &w.Native, pl = &labels.Native, pdx = &dx.Native, pdw = &dw.Native, pr = &rowLoss.Native)
        {
            var status = _library.LmHeadCrossEntropy(Context, px, pw, pl, gradientScale, Optional(dx, pdx), Optional(dw, pdw), Optional(rowLoss, pr), &sum, &count);
            Finish(status, x, w, labels);
        }

        GC.KeepAlive(dx.Buffer);
        GC.KeepAlive(dw.Buffer);
        GC.KeepAlive(rowLoss.Buffer);
        return new LossSum(sum, count);
    }

    /// <summary>Scratch bytes that <see cref="LmHeadCrossEntropy"/> takes at these shapes.</summary>
    public long LmHeadScratchBytes(in Tensor x, in Tensor w)
    {
        long bytes;
        fixed (NativeTensor* px = &x.Native, pw = &w.Native)
        {
            Finish(_library.LmHeadScratchBytes(Context, px, pw, &bytes), x, w);
        }

        return bytes;
    }

    /// <summary>One AdamW update of w from g with moments m and v, all float32 and of one length; wCompute, if present, receives w in bfloat16.</summary>
    public void AdamW(in AdamWUpdate update, in Tensor g, in Tensor w, in Tensor m, in Tensor v, in Tensor wCompute)
    {
        var options = new NativeAdamWOptions
        {
            LearningRate = update.LearningRate,
            Beta1 = update.Beta1,
            Beta2 = update.Beta2,
            Epsilon = update.Epsilon,
            WeightDecay = update.WeightDecay,
            GradientScale = update.GradientScale,
            Step = update.Step,
        };
        fixed (NativeTensor* pg = &g.Native, pw = &w.Native, pm = &m.Native, pv = &v.Native, pc = &wCompute.Native)
        {
            Finish(_library.AdamW(Context, &options, pg, pw, pm, pv, Optional(wCompute, pc)), g, w, m);
        }

        GC.KeepAlive(v.Buffer);
        GC.KeepAlive(wCompute.Buffer);
    }

    private static NativeTensor* Optional(in Tensor tensor, NativeTensor* pointer) => tensor.IsNone ? null : pointer;

    // A view holds a raw handle: its buffer must not be collected while the call runs.
    private void Finish(NativeStatus status, in Tensor a, in Tensor b = default, in Tensor c = default)
    {
        GC.KeepAlive(this);
        GC.KeepAlive(a.Buffer);
        GC.KeepAlive(b.Buffer);
        GC.KeepAlive(c.Buffer);
        _library.Check(status);
    }
}
