using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

public class AttentionBackwardSpec
{
    public static TheoryData<string, ElementType, string> Rows => OperationRows.Cross(AttentionCases.All.Keys);

    [Theory]
    [MemberData(nameof(Rows))]
    public void AttentionBackward_must_equal_the_reference(string device, ElementType type, string name)
    {
        var problem = AttentionProblem.Of(name, type);
        using var bench = new Workbench(device);
        var (dq, dk, dv) = (problem.QueryGradient(bench), problem.KeyGradient(bench), problem.KeyGradient(bench));

        Run(problem, bench, problem.Mask, accumulate: false, dq, dk, dv);

        Comparison.Require("dq", problem.Dq, dq.Read(), Tolerance.Chained(type));
        Comparison.Require("dk", problem.Dk, dk.Read(), Tolerance.Chained(type));
        Comparison.Require("dv", problem.Dv, dv.Read(), Tolerance.Chained(type));
    }

    public static TheoryData<string, ElementType, string> AccumulatingRows =>
        OperationRows.Cross(["1x1", "full, GQA, H40", "causal, MQA, H96", "causal, B3, H256", "causal, many tiles", "future block, all hidden",
            "documents, window and sink", "everything at once"]);

    [Theory]
    [MemberData(nameof(AccumulatingRows))]
    public void AttentionBackward_must_add_to_what_is_there_when_it_accumulates(string device, ElementType type, string name)
    {
        var problem = AttentionProblem.Of(name, type);
        var noise = new Noise(11);
        var (beforeQ, beforeK, beforeV) = (noise.Normal(problem.Dims.QueryCount), noise.Normal(problem.Dims.KeyCount), noise.Normal(problem.Dims.KeyCount));
        using var bench = new Workbench(device);
        var (dq, dk, dv) = (problem.QueryGradient(bench, beforeQ), problem.KeyGradient(bench, beforeK), problem.KeyGradient(bench, beforeV));

        Run(problem, bench, problem.Mask, accumulate: true, dq, dk, dv);

        Comparison.Require("dq", Sum(beforeQ, problem.Dq), dq.Read(), Tolerance.Chained(type));
        Comparison.Require("dk", Sum(beforeK, problem.Dk), dk.Read(), Tolerance.Chained(type));
        Comparison.Require("dv", Sum(beforeV, problem.Dv), dv.Read(), Tolerance.Chained(type));
    }

    [Theory]
    [InlineData("causal, many tiles", "a mask that is off by one")]
    [InlineData("window 17", "a window that is off by one")]
    [InlineData("window and sink", "a sink that is one short")]
    [InlineData("documents, window and sink", "a document that starts one late")]
    [InlineData("blocks of 24", "blocks that are one wider")]
    public void Comparison_must_notice_when_the_backward_mask_is_wrong(string name, string fault)
    {
        foreach (var type in OperationRows.Types)
        {
            var problem = AttentionProblem.Of(name, type);
            using var bench = new Workbench(TestDevices.Any);
            var (dq, dk, dv) = (problem.QueryGradient(bench), problem.KeyGradient(bench), problem.KeyGradient(bench));

            Run(problem, bench, WrongMask.Of(problem.Mask), accumulate: false, dq, dk, dv);

            Comparison.MustNotice(fault + " (dq)", problem.Dq, dq.Read(), Tolerance.Chained(type));
            Comparison.MustNotice(fault + " (dk)", problem.Dk, dk.Read(), Tolerance.Chained(type));
            Comparison.MustNotice(fault + " (dv)", problem.Dv, dv.Read(), Tolerance.Chained(type));
        }
    }

    [Fact]
    public void Comparison_must_notice_when_the_lse_is_the_neighbours()
    {
        var problem = AttentionProblem.Of("causal, H128", ElementType.BFloat16);
        using var bench = new Workbench(TestDevices.Any);
        var (dq, dk, dv) = (problem.QueryGradient(bench), problem.KeyGradient(bench), problem.KeyGradient(bench));
        var heads = problem.Dims.N;
        double[] shifted = [.. problem.Lse[heads..], .. problem.Lse[..heads]];
        var lse = bench.Put(shifted, ElementType.Float32, problem.Dims.B, problem.Dims.Tq, heads);

        bench.Device.AttentionBackward(
            problem.PutQ(bench), problem.PutK(bench), problem.PutV(bench), problem.PutDout(bench), lse, problem.PutDelta(bench), problem.Mask,
                problem.Scale, false, dq, dk, dv);

        Comparison.MustNotice("the neighbour's lse (dq)", problem.Dq, dq.Read(), Tolerance.Chained(ElementType.BFloat16));
        Comparison.MustNotice("the neighbour's lse (dv)", problem.Dv, dv.Read(), Tolerance.Chained(ElementType.BFloat16));
    }

    [Fact]
    public void Comparison_must_notice_when_delta_is_left_out()
    {
        var problem = AttentionProblem.Of("causal, H128", ElementType.BFloat16);
        using var bench = new Workbench(TestDevices.Any);
        var (dq, dk, dv) = (problem.QueryGradient(bench), problem.KeyGradient(bench), problem.KeyGradient(bench));
        var zero = bench.Put(new double[problem.Delta.Length], ElementType.Float32, problem.Dims.B, problem.Dims.Tq, problem.Dims.N);

        bench.Device.AttentionBackward(
            problem.PutQ(bench), problem.PutK(bench), problem.PutV(bench), problem.PutDout(bench), problem.PutLse(bench), zero, problem.Mask, problem.Scale,
                false, dq, dk, dv);

        Comparison.MustNotice("a missing delta", problem.Dk, dk.Read(), Tolerance.Chained(ElementType.BFloat16));
    }

    [Fact]
    public void Comparison_must_notice_when_a_block_overwrites_instead_of_adding()
    {
        var problem = AttentionProblem.Of("causal, H128", ElementType.Float32);
        using var bench = new Workbench(TestDevices.Any);
        var before = new Noise(12).Normal(problem.Dims.QueryCount);
        var (dq, dk, dv) = (problem.QueryGradient(bench, before), problem.KeyGradient(bench), problem.KeyGradient(bench));

        Run(problem, bench, problem.Mask, accumulate: false, dq, dk, dv);

        Comparison.MustNotice("a missing accumulate", Sum(before, problem.Dq), dq.Read(), Tolerance.Chained(ElementType.Float32));
    }

    private static void Run(AttentionProblem problem, Workbench bench, AttentionMask mask, bool accumulate, TestTensor dq, TestTensor dk, TestTensor dv) =>
        bench.Device.AttentionBackward(
            problem.PutQ(bench), problem.PutK(bench), problem.PutV(bench), problem.PutDout(bench), problem.PutLse(bench), problem.PutDelta(bench), mask,
                problem.Scale, accumulate, dq, dk, dv);

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
