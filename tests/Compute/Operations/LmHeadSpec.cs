using System.Collections.Concurrent;
using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

// R rows, D model dim, V vocabulary.
public class LmHeadSpec
{
    private enum Labels
    {
        All,
        Some,
        None,
    }

    private static readonly Dictionary<string, (int R, int D, int V, Labels Labels, Layout Layout)> Cases = new()
    {
        ["R1 D1 V1"] = (1, 1, 1, Labels.All, Layout.Packed),
        ["R1 D32 V2"] = (1, 32, 2, Labels.All, Layout.Packed),
        ["R5 D33 V131 slices, some unlabelled"] = (5, 33, 131, Labels.Some, Layout.Slice),
        ["R67 D64 V1009"] = (67, 64, 1009, Labels.All, Layout.Packed),
        ["R131 D40 V523 some unlabelled"] = (131, 40, 523, Labels.Some, Layout.Packed),
        ["R300 D8 V67 slices, some unlabelled"] = (300, 8, 67, Labels.Some, Layout.Slice),
        ["R3 D17 V4099 some unlabelled"] = (3, 17, 4099, Labels.Some, Layout.Packed),
        ["R6 D16 V37 all unlabelled"] = (6, 16, 37, Labels.None, Layout.Packed),
    };

    private const double GradientScale = 0.37;

    public static TheoryData<string, ElementType, string> Rows => OperationRows.Cross(Cases.Keys);

    public static TheoryData<string> CpuDevices => new(TestDevices.CpuNames);

    [Theory]
    [MemberData(nameof(Rows))]
    public void LmHead_must_equal_the_reference_loss_and_gradients(string device, ElementType type, string name)
    {
        var problem = Problem.Of(name, type);
        using var bench = new Workbench(device);
        var dx = bench.Empty(type, problem.Layout, problem.R, problem.D);
        var dw = bench.Put(problem.DwBefore, ElementType.Float32, problem.Layout, problem.V, problem.D);
        var rowLoss = bench.Empty(ElementType.Float32, problem.R);

        var loss = bench.Device.LmHeadCrossEntropy(problem.PutX(bench), problem.PutW(bench), bench.PutIds(problem.Labels), GradientScale, dx, dw, rowLoss);

        Assert.Equal(problem.Labels.Count(label => label >= 0), loss.LabelCount);
        Comparison.Require("loss", [problem.RowLoss.Sum()], [loss.Sum], Tolerance.LogSum);
        Comparison.Require("row_loss", problem.RowLoss, rowLoss.Read(), Tolerance.LogSum);
        Comparison.Require("dx", problem.Dx, dx.Read(), Tolerance.Chained(type));
        Comparison.Require("dw", problem.Dw, dw.Read(), Tolerance.Chained(type));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void LmHead_must_give_the_same_loss_when_gradients_are_not_asked_for(string device, ElementType type, string name)
    {
        var problem = Problem.Of(name, type);
        using var bench = new Workbench(device);
        var loss = bench.Device.LmHeadCrossEntropy(problem.PutX(bench), problem.PutW(bench), bench.PutIds(problem.Labels), 1, default, default, default);
        Comparison.Require("loss", [problem.RowLoss.Sum()], [loss.Sum], Tolerance.LogSum);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void LmHead_must_give_the_same_dx_when_the_head_is_frozen(string device, ElementType type, string name)
    {
        var problem = Problem.Of(name, type);
        using var bench = new Workbench(device);
        var dx = bench.Empty(type, problem.Layout, problem.R, problem.D);
        bench.Device.LmHeadCrossEntropy(problem.PutX(bench), problem.PutW(bench), bench.PutIds(problem.Labels), GradientScale, dx, default, default);
        Comparison.Require("dx", problem.Dx, dx.Read(), Tolerance.Chained(type));
    }

    [Theory]
    [MemberData(nameof(CpuDevices))]
    public void LmHead_must_name_the_row_when_a_label_is_outside_the_vocabulary(string device)
    {
        using var bench = new Workbench(device);
        var x = bench.Put(new double[4], ElementType.Float32, 2, 2);
        var w = bench.Put(new double[6], ElementType.Float32, 3, 2);
        var dx = bench.Empty(ElementType.Float32, 2, 2);
        foreach (var label in new[] { 3, -1, -99, -101 })
        {
            var failure = Assert.Throws<ArgumentException>(() => bench.Device.LmHeadCrossEntropy(x, w, bench.PutIds([-100, label]), 1, dx, default, default));
            Assert.Equal($"labels[1] is {label}, allowed are 0 to 2 and -100", failure.Message);
            Assert.True(dx.IsUnwritten);
        }
    }

    [Fact]
    public void LmHead_must_stay_finite_when_logits_are_large()
    {
        double[] x = [100, 0, -100, 3];
        double[] w = [10, 1, -10, 2, 0, 5];
        using var bench = new Workbench(TestDevices.Any);
        var loss = bench.Device.LmHeadCrossEntropy(
            bench.Put(x, ElementType.Float32, 2, 2), bench.Put(w, ElementType.Float32, 3, 2), bench.PutIds([1, 1]), 1,
                bench.Empty(ElementType.Float32, 2, 2), default, default);
        var expected = ReferenceCrossEntropy.Forward(ReferenceLinear.Forward(x, w, null, 2, 2, 3), [1, 1], 3).Sum();
        Assert.Equal(expected, loss.Sum, 1e-3);
    }

    [Fact]
    public void Comparison_must_notice_when_labels_are_shifted_by_one_row()
    {
        var problem = Problem.Of("R67 D64 V1009", ElementType.BFloat16);
        using var bench = new Workbench(TestDevices.Any);
        var dx = bench.Empty(ElementType.BFloat16, problem.R, problem.D);
        int[] shifted = [.. problem.Labels[1..], problem.Labels[0]];
        var loss = bench.Device.LmHeadCrossEntropy(problem.PutX(bench), problem.PutW(bench), bench.PutIds(shifted), GradientScale, dx, default, default);
        Comparison.MustNotice("shifted labels in the loss", [problem.RowLoss.Sum()], [loss.Sum], Tolerance.LogSum);
        Comparison.MustNotice("shifted labels in dx", problem.Dx, dx.Read(), Tolerance.Chained(ElementType.BFloat16));
    }

    [Fact]
    public void Comparison_must_notice_when_the_last_word_of_the_vocabulary_is_left_out()
    {
        var problem = Problem.Of("R5 D33 V131 slices, some unlabelled", ElementType.Float32);
        using var bench = new Workbench(TestDevices.Any);
        var labels = Array.ConvertAll(problem.Labels, label => label == problem.V - 1 ? 0 : label);
        var loss = bench.Device.LmHeadCrossEntropy(problem.PutX(bench), problem.PutW(bench).View.Slice(0, 0, problem.V - 1), bench.PutIds(labels), 1,
            default, default, default);
        Comparison.MustNotice("a missing word", [problem.RowLoss.Sum()], [loss.Sum], Tolerance.LogSum);
    }

    private sealed class Problem
    {
        private static readonly ConcurrentDictionary<(string, ElementType), Lazy<Problem>> Solved = new();

        private readonly ElementType _type;
        private readonly double[] _x;
        private readonly double[] _w;

        private Problem(string name, ElementType type)
        {
            (R, D, V, var labels, Layout) = Cases[name];
            _type = type;
            var noise = new Noise(80);
            _x = noise.Normal(R * D).Rounded(type);
            _w = noise.Normal(V * D, deviation: 2 / Math.Sqrt(D)).Rounded(type);
            DwBefore = noise.Normal(V * D, deviation: 0.01).Rounded(ElementType.Float32);
            Labels = noise.Integers(R, V);
            for (var r = 0; r < R; r++)
            {
                if (labels == LmHeadSpec.Labels.None || (labels == LmHeadSpec.Labels.Some && r % 3 == 1))
                {
                    Labels[r] = ReferenceCrossEntropy.Unlabelled;
                }
            }

            var logits = ReferenceLinear.Forward(_x, _w, null, R, D, V);
            var dlogits = Array.ConvertAll(ReferenceCrossEntropy.Backward(logits, Labels, V), value => GradientScale * value);
            RowLoss = ReferenceCrossEntropy.Forward(logits, Labels, V);
            Dx = ReferenceLinear.BackwardInput(dlogits, _w, R, D, V);
            Dw = [.. DwBefore.Zip(ReferenceLinear.BackwardWeight(dlogits, _x, R, D, V), (a, b) => a + b)];
        }

        internal int R { get; }

        internal int D { get; }

        internal int V { get; }

        internal Layout Layout { get; }

        internal int[] Labels { get; }

        internal double[] RowLoss { get; }

        internal double[] Dx { get; }

        internal double[] Dw { get; }

        internal double[] DwBefore { get; }

        // Solved once, however many devices are checked against it.
        internal static Problem Of(string name, ElementType type) => Solved.GetOrAdd((name, type), _ => new Lazy<Problem>(() => new Problem(name, type))).Value;

        internal TestTensor PutX(Workbench bench) => bench.Put(_x, _type, Layout, R, D);

        internal TestTensor PutW(Workbench bench) => bench.Put(_w, _type, Layout, V, D);
    }
}
