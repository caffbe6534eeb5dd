using ActorRing.Native;

namespace ActorRing.Compute.Specs.Reference;

public class ReferenceAttentionSpec
{
    public static TheoryData<string> Masks => new(TinyMasks.Keys);

    private static readonly AttentionDims Dims = new(2, 5, 7, 4, 2, 3);

    // Positions 3..7 ask, 0..6 answer, so that every rule hides some pairs and leaves some.
    private static readonly Dictionary<string, AttentionMask> TinyMasks = new()
    {
        ["full"] = new() { Causal = false },
        ["causal"] = new() { QueryPosition = 3 },
        ["rows that see nothing"] = new() { KeyPosition = 2 },
        ["steps"] = new() { QueryPosition = 1, QueryStep = 3, KeyPosition = 0, KeyStep = 2 },
        ["window"] = new() { QueryPosition = 3, Window = 2 },
        ["window and sink"] = new() { QueryPosition = 3, Window = 2, Sink = 1 },
        ["documents"] = new() { QueryPosition = 3, DocumentStarts = new long[] { 0, 2, 4, 5 } },
        ["documents both ways"] = new() { Causal = false, QueryPosition = 3, DocumentStarts = new long[] { 0, 2, 4, 5 } },
        ["documents, window and sink"] = new() { QueryPosition = 3, Window = 2, Sink = 1, DocumentStarts = new long[] { 0, 1, 6 } },
        ["block list"] = new() { QueryPosition = 3, Blocks = new BlockList(3, new long[] { 0, 1, 3, 4 }, new long[] { 0, 0, 1, 1 }) },
    };

    [Theory]
    [MemberData(nameof(Masks))]
    public void ReferenceAttention_must_have_the_gradients_of_its_forward_when_compared_with_differences(string name)
    {
        var mask = TinyMasks[name];
        var noise = new Noise(1);
        var q = noise.Normal(Dims.QueryCount);
        var k = noise.Normal(Dims.KeyCount);
        var v = noise.Normal(Dims.KeyCount);
        var dout = noise.Normal(Dims.QueryCount);
        var (output, lse) = ReferenceAttention.Forward(Dims, q, k, v, mask, 0.7);

        var (dq, dk, dv) = ReferenceAttention.Backward(Dims, q, k, v, dout, lse, ReferenceAttention.Delta(Dims, output, dout), mask, 0.7);

        double Loss() => Products(ReferenceAttention.Forward(Dims, q, k, v, mask, 0.7).Out, dout);
        FiniteDifference.Require(dq, q, Loss, "dq");
        FiniteDifference.Require(dk, k, Loss, "dk");
        FiniteDifference.Require(dv, v, Loss, "dv");
    }

    [Fact]
    public void ReferenceAttention_must_return_the_mean_of_the_values_when_all_scores_are_equal()
    {
        var dims = new AttentionDims(1, 1, 4, 1, 1, 2);
        var (output, lse) = ReferenceAttention.Forward(dims, new double[2], new double[8], [1, 10, 2, 20, 3, 30, 6, 60],
            new AttentionMask { Causal = false }, 1);
        Assert.Equal([3, 30], output);
        Assert.Equal(Math.Log(4), lse[0], 15);
    }

    [Fact]
    public void ReferenceAttention_must_return_zero_and_minus_infinity_when_a_row_sees_nothing()
    {
        var dims = new AttentionDims(1, 2, 1, 1, 1, 1);
        var (output, lse) = ReferenceAttention.Forward(dims, [1, 1], [1], [5], new AttentionMask { KeyPosition = 1 }, 1);
        Assert.Equal([0, 5], output);
        Assert.Equal([double.NegativeInfinity, 1], lse);
    }

    private static double Products(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
