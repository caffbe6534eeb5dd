using ActorRing.Native;

namespace ActorRing.Compute.Specs.Reference;

public class ReferenceLayersSpec
{
    [Fact]
    public void ReferenceLinear_must_have_the_gradients_of_its_forward_when_compared_with_differences()
    {
        const int rows = 3, inputs = 5, outputs = 4;
        var noise = new Noise(2);
        var x = noise.Normal(rows * inputs);
        var w = noise.Normal(outputs * inputs);
        var bias = noise.Normal(outputs);
        var dy = noise.Normal(rows * outputs);

        double Loss() => Products(ReferenceLinear.Forward(x, w, bias, rows, inputs, outputs), dy);
        FiniteDifference.Require(ReferenceLinear.BackwardInput(dy, w, rows, inputs, outputs), x, Loss, "dx");
        FiniteDifference.Require(ReferenceLinear.BackwardWeight(dy, x, rows, inputs, outputs), w, Loss, "dw");
        FiniteDifference.Require(ReferenceLinear.BackwardBias(dy, rows, outputs), bias, Loss, "dbias");
    }

    [Fact]
    public void ReferenceRmsNorm_must_have_the_gradients_of_its_forward_when_compared_with_differences()
    {
        const int rows = 3, size = 5;
        const double epsilon = 0.1; // Large enough to matter: a backward that forgets it fails here.
        var noise = new Noise(3);
        var x = noise.Normal(rows * size);
        var w = noise.Normal(size);
        var dy = noise.Normal(rows * size);
        var (dx, dw) = ReferenceRmsNorm.Backward(x, w, ReferenceRmsNorm.Forward(x, w, epsilon, rows).Rstd, dy, rows);

        double Loss() => Products(ReferenceRmsNorm.Forward(x, w, epsilon, rows).Y, dy);
        FiniteDifference.Require(dx, x, Loss, "dx");
        FiniteDifference.Require(dw, w, Loss, "dw");
    }

    [Fact]
    public void ReferenceRotary_must_have_the_gradients_of_its_forward_when_compared_with_differences()
    {
        const int batch = 2, tokens = 3, heads = 2, headSize = 4;
        var noise = new Noise(4);
        var x = noise.Normal(batch * tokens * heads * headSize);
        var dy = noise.Normal(x.Length);
        // Not on the unit circle: scaled rope types are not either.
        var cos = noise.Normal(tokens * headSize / 2);
        var sin = noise.Normal(tokens * headSize / 2);

        double Loss() => Products(ReferenceRotary.Forward(x, cos, sin, batch, tokens, heads, headSize), dy);
        FiniteDifference.Require(ReferenceRotary.Backward(dy, cos, sin, batch, tokens, heads, headSize), x, Loss, "dx");
    }

    [Fact]
    public void ReferenceRotary_must_turn_a_pair_by_its_angle()
    {
        var (sin, cos) = Math.SinCos(Math.PI / 3);
        var y = ReferenceRotary.Forward([1, 0, 0, 2], [cos, 1], [sin, 0], batch: 1, tokens: 1, heads: 1, headSize: 4);
        Assert.Equal([cos, 0, sin, 2], y);
    }

    [Fact]
    public void ReferenceSwiGlu_must_have_the_gradients_of_its_forward_when_compared_with_differences()
    {
        var noise = new Noise(5);
        var gate = noise.Normal(7, deviation: 3);
        var up = noise.Normal(7);
        var dy = noise.Normal(7);
        var (dgate, dup) = ReferenceSwiGlu.Backward(gate, up, dy);

        double Loss() => Products(ReferenceSwiGlu.Forward(gate, up), dy);
        FiniteDifference.Require(dgate, gate, Loss, "dgate");
        FiniteDifference.Require(dup, up, Loss, "dup");
    }

    [Fact]
    public void ReferenceEmbedding_must_have_the_gradients_of_its_forward_when_ids_repeat()
    {
        int[] ids = [2, 0, 2, 2];
        var noise = new Noise(6);
        var table = noise.Normal(4 * 3);
        var dy = noise.Normal(ids.Length * 3);

        double Loss() => Products(ReferenceEmbedding.Forward(ids, table, 3), dy);
        FiniteDifference.Require(ReferenceEmbedding.Backward(ids, dy, vocabulary: 4, 3), table, Loss, "dtable");
    }

    [Fact]
    public void ReferenceCrossEntropy_must_have_the_gradients_of_its_forward_when_rows_are_unlabelled()
    {
        int[] labels = [4, ReferenceCrossEntropy.Unlabelled, 0];
        var logits = new Noise(7).Normal(labels.Length * 5, deviation: 2);

        double Loss() => ReferenceCrossEntropy.Forward(logits, labels, 5).Sum();
        FiniteDifference.Require(ReferenceCrossEntropy.Backward(logits, labels, 5), logits, Loss, "dlogits");
    }

    [Fact]
    public void ReferenceCrossEntropy_must_be_the_log_of_the_vocabulary_when_all_logits_are_equal() =>
        Assert.Equal(Math.Log(8), ReferenceCrossEntropy.Forward(new double[8], [3], 8)[0], 15);

    [Fact]
    public void ReferenceAdamW_must_move_by_the_learning_rate_when_the_gradient_is_first_and_alone()
    {
        double[] w = [1, 1];
        double[] m = [0, 0];
        double[] v = [0, 0];
        ReferenceAdamW.Update(new AdamWUpdate(0.01, 0.9, 0.95, 1e-12, 0, 1, 1), [3, -0.5], w, m, v);
        Assert.Equal(0.99, w[0], 10);
        Assert.Equal(1.01, w[1], 10);
    }

    [Fact]
    public void ReferenceAdamW_must_shrink_by_decay_alone_when_the_gradient_is_zero()
    {
        double[] w = [2];
        ReferenceAdamW.Update(new AdamWUpdate(0.1, 0.9, 0.95, 1e-8, 0.5, 1, 1), [0], w, [0], [0]);
        Assert.Equal(1.9, w[0], 12);
    }

    private static double Products(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
