using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

// R rows, D model dim.
public class RmsNormSpec
{
    private const double Epsilon = 1e-2;

    private static readonly Dictionary<string, (int R, int D, Layout Layout, bool Accumulate)> Cases = new()
    {
        ["R1 D1"] = (1, 1, Layout.Packed, false),
        ["R1 D513 accumulate"] = (1, 513, Layout.Packed, true),
        ["R3 D7 slices"] = (3, 7, Layout.Slice, false),
        ["R5 D64"] = (5, 64, Layout.Packed, false),
        ["R131 D33 slices accumulate"] = (131, 33, Layout.Slice, true),
        ["R37 D1031"] = (37, 1031, Layout.Packed, true),
    };

    public static TheoryData<string, ElementType, string> Rows => OperationRows.Cross(Cases.Keys);

    [Theory]
    [MemberData(nameof(Rows))]
    public void RmsNormForward_must_equal_the_reference(string device, ElementType type, string name)
    {
        var (rows, size, layout, _) = Cases[name];
        var (x, w, _, _) = Inputs(rows, size, type);
        using var bench = new Workbench(device);
        var y = bench.Empty(type, layout, rows, size);
        var rstd = bench.Empty(ElementType.Float32, layout, rows);

        bench.Device.RmsNormForward(bench.Put(x, type, layout, rows, size), bench.Put(w, type, size), Epsilon, y, rstd);

        var expected = ReferenceRmsNorm.Forward(x, w, Epsilon, rows);
        Comparison.Require("y", expected.Y, y.Read(), Tolerance.Elementwise(type));
        Comparison.Require("rstd", expected.Rstd, rstd.Read(), Tolerance.Elementwise(ElementType.Float32));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void RmsNormBackward_must_equal_the_reference_and_add_to_dw(string device, ElementType type, string name)
    {
        var (rows, size, layout, accumulate) = Cases[name];
        var (x, w, dy, before) = Inputs(rows, size, type);
        var rstd = ReferenceRmsNorm.Forward(x, w, Epsilon, rows).Rstd.Rounded(ElementType.Float32);
        using var bench = new Workbench(device);
        var dx = accumulate ? bench.Put(before, type, layout, rows, size) : bench.Empty(type, layout, rows, size);
        var dw = bench.Put(w, ElementType.Float32, size);

        bench.Device.RmsNormBackward(
            bench.Put(x, type, layout, rows, size), bench.Put(w, type, size), bench.Put(rstd, ElementType.Float32, layout, rows),
                bench.Put(dy, type, layout, rows, size), accumulate, dx, dw);

        var expected = ReferenceRmsNorm.Backward(x, w, rstd, dy, rows);
        Comparison.Require("dx", accumulate ? Sum(before, expected.Dx) : expected.Dx, dx.Read(), Tolerance.Sum(type));
        Comparison.Require("dw", Sum(w, expected.Dw), dw.Read(), Tolerance.Sum(ElementType.Float32));
    }

    [Fact]
    public void RmsNormForward_must_give_zeros_when_a_row_is_zero()
    {
        using var bench = new Workbench(TestDevices.Any);
        var y = bench.Empty(ElementType.Float32, 1, 5);
        bench.Device.RmsNormForward(bench.Put(new double[5], ElementType.Float32, 1, 5), bench.Put([1, 2, 3, 4, 5], ElementType.Float32, 5), 1e-5, y,
            bench.Empty(ElementType.Float32, 1));
        Assert.Equal(new double[5], y.Read());
    }

    [Fact]
    public void Comparison_must_notice_when_a_norm_uses_the_neighbours_rstd()
    {
        var (x, w, dy, _) = Inputs(9, 50, ElementType.Float32);
        var rstd = ReferenceRmsNorm.Forward(x, w, Epsilon, 9).Rstd;
        using var bench = new Workbench(TestDevices.Any);
        var dx = bench.Empty(ElementType.Float32, 9, 50);
        double[] shifted = [.. rstd[1..], rstd[0]];
        bench.Device.RmsNormBackward(
            bench.Put(x, ElementType.Float32, 9, 50), bench.Put(w, ElementType.Float32, 50), bench.Put(shifted, ElementType.Float32, 9),
                bench.Put(dy, ElementType.Float32, 9, 50), false, dx,
            bench.Zeros(ElementType.Float32, Layout.Packed, 50));
        Comparison.MustNotice("the neighbour's rstd", ReferenceRmsNorm.Backward(x, w, rstd, dy, 9).Dx, dx.Read(), Tolerance.Sum(ElementType.Float32));
    }

    [Fact]
    public void Comparison_must_notice_when_a_norm_forgets_epsilon()
    {
        var (x, w, _, _) = Inputs(9, 50, ElementType.Float32);
        using var bench = new Workbench(TestDevices.Any);
        var y = bench.Empty(ElementType.Float32, 9, 50);
        bench.Device.RmsNormForward(bench.Put(x, ElementType.Float32, 9, 50), bench.Put(w, ElementType.Float32, 50), 0, y, bench.Empty(ElementType.Float32, 9));
        Comparison.MustNotice("a forgotten epsilon", ReferenceRmsNorm.Forward(x, w, Epsilon, 9).Y, y.Read(), Tolerance.Elementwise(ElementType.Float32));
    }

    private static (double[] X, double[] W, double[] Dy, double[] Before) Inputs(int rows, int size, ElementType type)
    {
        var noise = new Noise(40);
        return (noise.Normal(rows * size).Rounded(type), noise.Normal(size).Rounded(type), noise.Normal(rows * size).Rounded(type),
            noise.Normal(rows * size).Rounded(type));
    }

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
