using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>Attention in pieces, as a ring does it: KV blocks one after another must add up to one call over all of them.</summary>
public class RunningAttentionSpec
{
    public enum Order
    {
        Ascending,
        Descending,
    }

    private static readonly string[] Names =
        ["causal, B2, GQA, H80", "causal, MQA, H96", "causal, many tiles", "first rows hidden", "steps differ", "future block, all hidden",
            "documents, window and sink", "everything at once", "past block"];

    public static TheoryData<string, ElementType, string, int, Order> Rows
    {
        get
        {
            var rows = new TheoryData<string, ElementType, string, int, Order>();
            foreach (var name in Names)
            {
                foreach (var type in OperationRows.Types)
                {
                    foreach (var device in TestDevices.Names)
                    {
                        rows.Add(device, type, name, 1, Order.Ascending);
                        rows.Add(device, type, name, 2, Order.Descending);
                        rows.Add(device, type, name, 5, Order.Ascending);
                    }
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void RunningAttention_must_equal_one_call_over_all_blocks(string device, ElementType type, string name, int blocks, Order order)
    {
        var problem = AttentionProblem.Of(name, type);
        using var bench = new Workbench(device);
        var (output, lse) = Run(problem, bench, Blocks(problem, blocks, order));
        Comparison.Require("out", problem.Out, output.Read(), Tolerance.Chained(type));
        Comparison.Require("lse", problem.Lse, lse.Read(), Tolerance.LogSum);
    }

    [Theory]
    [InlineData(Order.Ascending)]
    [InlineData(Order.Descending)]
    public void RunningAttention_must_equal_one_call_when_every_block_moves_the_maximum(Order order)
    {
        foreach (var type in OperationRows.Types)
        {
            var problem = new AttentionProblem(AttentionCases.All["causal, many tiles"], type, risingKeys: true);
            foreach (var device in TestDevices.Names)
            {
                using var bench = new Workbench(device);
                var (output, lse) = Run(problem, bench, Blocks(problem, 5, order));
                Comparison.Require($"out on {device}", problem.Out, output.Read(), Tolerance.Chained(type));
                Comparison.Require($"lse on {device}", problem.Lse, lse.Read(), Tolerance.LogSum);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void AttentionBackward_must_equal_one_call_when_summed_over_blocks(string device, ElementType type, string name, int blocks, Order order)
    {
        var problem = AttentionProblem.Of(name, type);
        using var bench = new Workbench(device);
        var dq = problem.QueryGradient(bench, new double[problem.Dims.QueryCount]);
        var dk = problem.KeyGradient(bench, new double[problem.Dims.KeyCount]);
        var dv = problem.KeyGradient(bench, new double[problem.Dims.KeyCount]);
        var (q, k, v) = (problem.PutQ(bench), problem.PutK(bench).View, problem.PutV(bench).View);
        var (dout, lse, delta) = (problem.PutDout(bench), problem.PutLse(bench), problem.PutDelta(bench));

        foreach (var (start, count) in Blocks(problem, blocks, order))
        {
            var (blockK, blockV, blockDk, blockDv) = (k.Slice(1, start, count), v.Slice(1, start, count), dk.View.Slice(1, start, count),
                dv.View.Slice(1, start, count));
            bench.Device.AttentionBackward(q, blockK, blockV, dout, lse, delta, MaskFrom(problem, start), problem.Scale, accumulate: true, dq, blockDk,
                blockDv);
        }

        Comparison.Require("dq", problem.Dq, dq.Read(), Tolerance.Chained(type));
        Comparison.Require("dk", problem.Dk, dk.Read(), Tolerance.Chained(type));
        Comparison.Require("dv", problem.Dv, dv.Read(), Tolerance.Chained(type));
    }

    [Fact]
    public void RunningAttention_must_leave_its_state_alone_when_it_finishes()
    {
        var problem = AttentionProblem.Of("causal, B2, GQA, H80", ElementType.Float32);
        using var bench = new Workbench(TestDevices.Any);
        var state = problem.EmptyState(bench);
        var (q, k, v) = (problem.PutQ(bench), problem.PutK(bench), problem.PutV(bench));
        bench.Device.AttentionForward(q, k, v, problem.Mask, problem.Scale, AttentionPart.First, state, default, default);
        var before = (Bits(bench, state.Output), Bits(bench, state.RowMax), Bits(bench, state.RowSum));

        bench.Device.AttentionForward(q, k, v, problem.Mask, problem.Scale, AttentionPart.Last, state, problem.EmptyOut(bench, ElementType.Float32),
            problem.EmptyRows(bench));

        Assert.Equal(before, (Bits(bench, state.Output), Bits(bench, state.RowMax), Bits(bench, state.RowSum)));
    }

    [Fact]
    public void Comparison_must_notice_when_a_block_is_lost()
    {
        var problem = AttentionProblem.Of("causal, many tiles", ElementType.BFloat16);
        using var bench = new Workbench(TestDevices.Any);
        var (output, lse) = Run(problem, bench, Blocks(problem, 5, Order.Ascending).Skip(1));
        Comparison.MustNotice("a lost block", problem.Out, output.Read(), Tolerance.Chained(ElementType.BFloat16));
        Comparison.MustNotice("a lost block", problem.Lse, lse.Read(), Tolerance.LogSum);
    }

    [Fact]
    public void Comparison_must_notice_when_the_state_of_earlier_blocks_is_dropped()
    {
        var problem = AttentionProblem.Of("causal, many tiles", ElementType.BFloat16);
        using var bench = new Workbench(TestDevices.Any);
        var (output, _) = Run(problem, bench, Blocks(problem, 2, Order.Ascending), alwaysFirst: true);
        Comparison.MustNotice("a dropped state", problem.Out, output.Read(), Tolerance.Chained(ElementType.BFloat16));
    }

    [Fact]
    public void Comparison_must_notice_when_two_blocks_are_swapped()
    {
        var problem = AttentionProblem.Of("causal, many tiles", ElementType.BFloat16);
        using var bench = new Workbench(TestDevices.Any);
        var (output, lse) = (problem.EmptyOut(bench, ElementType.Float32), problem.EmptyRows(bench));
        var state = problem.EmptyState(bench);
        var (q, k, v) = (problem.PutQ(bench), problem.PutK(bench).View, problem.PutV(bench).View);
        bench.Device.AttentionForward(q, k.Slice(1, 256, 256), v.Slice(1, 256, 256), MaskFrom(problem, 0), problem.Scale, AttentionPart.First, state,
            default, default);
        bench.Device.AttentionForward(q, k.Slice(1, 0, 256), v.Slice(1, 0, 256), MaskFrom(problem, 256), problem.Scale, AttentionPart.Last, state, output, lse);
        Comparison.MustNotice("swapped neighbours", problem.Out, output.Read(), Tolerance.Chained(ElementType.BFloat16));
    }

    private static (TestTensor Out, TestTensor Lse) Run(AttentionProblem problem, Workbench bench, IEnumerable<(int Start, int Count)> blocks,
        bool alwaysFirst = false)
    {
        var (output, lse) = (problem.EmptyOut(bench, problem.Type), problem.EmptyRows(bench));
        var state = problem.EmptyState(bench);
        var (q, k, v) = (problem.PutQ(bench), problem.PutK(bench).View, problem.PutV(bench).View);
        var all = blocks.ToArray();
        for (var block = 0; block < all.Length; block++)
        {
            var (start, count) = all[block];
            var part = (block == 0 || alwaysFirst ? AttentionPart.First : 0) | (block == all.Length - 1 ? AttentionPart.Last : 0);
            var isLast = part.HasFlag(AttentionPart.Last);
            bench.Device.AttentionForward(
                q, k.Slice(1, start, count), v.Slice(1, start, count), MaskFrom(problem, start), problem.Scale, part, state, isLast ? output.View : default,
                    isLast ? lse.View : default);
        }

        return (output, lse);
    }

    private static AttentionMask MaskFrom(AttentionProblem problem, int firstKey) =>
        problem.Mask with { KeyPosition = problem.Mask.KeyPosition + (firstKey * problem.Mask.KeyStep) };

    // Blocks of nearly equal, never equal size.
    private static IEnumerable<(int Start, int Count)> Blocks(AttentionProblem problem, int count, Order order)
    {
        var edges = Enumerable.Range(0, count + 1).Select(block => block == count ? problem.Dims.Tk
            : (problem.Dims.Tk * block / count) + (block % 2)).ToArray();
        var blocks = edges.Zip(edges[1..], (start, end) => (start, end - start));
        return order == Order.Ascending ? blocks : blocks.Reverse();
    }

    private static string Bits(Workbench bench, Tensor tensor)
    {
        var copy = bench.Empty(ElementType.Float32, [.. Enumerable.Range(0, tensor.Rank).Select(tensor.Size)]);
        bench.Device.Copy(tensor, copy);
        return string.Join(' ', copy.ReadBits());
    }
}
