using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

public class AttentionForwardSpec
{
    public static TheoryData<string, ElementType, string> Rows => OperationRows.Cross(AttentionCases.All.Keys);

    public static TheoryData<string, ElementType, string> DeltaRows =>
        OperationRows.Cross(["1x1", "full, GQA, H40", "causal, MQA, H96", "causal, B3, H256", "131 rows against 1"]);

    [Theory]
    [MemberData(nameof(Rows))]
    public void AttentionForward_must_equal_the_reference(string device, ElementType type, string name)
    {
        var problem = AttentionProblem.Of(name, type);
        using var bench = new Workbench(device);
        // Both allowed result types get their turn.
        var stored = problem.Case.Layout == Layout.Packed ? type : ElementType.Float32;
        var output = problem.EmptyOut(bench, stored);
        var lse = problem.EmptyRows(bench);

        bench.Device.AttentionForward(problem.PutQ(bench), problem.PutK(bench), problem.PutV(bench), problem.Mask, problem.Scale, AttentionPart.Whole,
            default, output, lse);

        Comparison.Require("out", problem.Out, output.Read(), Tolerance.Chained(type));
        Comparison.Require("lse", problem.Lse, lse.Read(), Tolerance.LogSum);
    }

    [Theory]
    [MemberData(nameof(DeltaRows))]
    public void AttentionDelta_must_equal_the_reference(string device, ElementType type, string name)
    {
        var problem = AttentionProblem.Of(name, type);
        using var bench = new Workbench(device);
        var output = bench.Put(problem.Out, ElementType.Float32, problem.Dims.B, problem.Dims.Tq, problem.Dims.N, problem.Dims.H);
        var delta = problem.EmptyRows(bench);

        bench.Device.AttentionDelta(output, problem.PutDout(bench), delta);

        Comparison.Require("delta", problem.Delta, delta.Read(), Tolerance.Sum(ElementType.Float32));
    }

    [Theory]
    [InlineData("causal, many tiles", "a mask that is off by one")]
    [InlineData("window 17", "a window that is off by one")]
    [InlineData("window and sink", "a sink that is one short")]
    [InlineData("documents, window and sink", "a document that starts one late")]
    [InlineData("blocks of 24", "blocks that are one wider")]
    public void Comparison_must_notice_when_the_forward_mask_is_wrong(string name, string fault)
    {
        foreach (var type in OperationRows.Types)
        {
            var problem = AttentionProblem.Of(name, type);
            using var bench = new Workbench(TestDevices.Any);
            var output = problem.EmptyOut(bench, ElementType.Float32);
            var lse = problem.EmptyRows(bench);

            bench.Device.AttentionForward(
                problem.PutQ(bench), problem.PutK(bench), problem.PutV(bench), WrongMask.Of(problem.Mask), problem.Scale, AttentionPart.Whole, default,
                    output, lse);

            Comparison.MustNotice(fault, problem.Out, output.Read(), Tolerance.Chained(type));
            Comparison.MustNotice(fault, problem.Lse, lse.Read(), Tolerance.LogSum);
        }
    }

    [Fact]
    public void Comparison_must_notice_when_query_heads_read_the_neighbours_keys()
    {
        var problem = AttentionProblem.Of("causal, B2, GQA, H80", ElementType.BFloat16);
        using var bench = new Workbench(TestDevices.Any);
        var output = problem.EmptyOut(bench, ElementType.Float32);
        var lse = problem.EmptyRows(bench).View;
        // Interleaved instead of grouped: query head n reads KV head n mod K, as a kernel that repeats K and V the wrong way round would.
        var q = problem.PutQ(bench).View;
        var k = problem.PutK(bench).View;
        var v = problem.PutV(bench).View;
        for (var n = 0; n < problem.Dims.N; n++)
        {
            var kvHead = n % problem.Dims.K;
            var (oneK, oneV) = (k.Slice(2, kvHead, 1), v.Slice(2, kvHead, 1));
            bench.Device.AttentionForward(
                q.Slice(2, n, 1), oneK, oneV, problem.Mask, problem.Scale, AttentionPart.Whole, default, output.View.Slice(2, n, 1), lse.Slice(2, n, 1));
        }

        Comparison.MustNotice("the wrong grouping", problem.Out, output.Read(), Tolerance.Chained(ElementType.BFloat16));
    }
}
