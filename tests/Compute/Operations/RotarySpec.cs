using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

// B batch, T tokens, N heads, H head dim.
public class RotarySpec
{
    private static readonly Dictionary<string, (int B, int T, int N, int H, Layout X, Layout Y)> Cases = new()
    {
        ["B1 T1 N1 H2"] = (1, 1, 1, 2, Layout.Packed, Layout.Packed),
        ["B2 T7 N3 H40 slices"] = (2, 7, 3, 40, Layout.Slice, Layout.Slice),
        ["B1 T131 N2 H128"] = (1, 131, 2, 128, Layout.Packed, Layout.Packed),
        ["B3 T5 N5 H6 to head-major"] = (3, 5, 5, 6, Layout.Slice, Layout.HeadMajor),
        ["B2 T37 N1 H80 from head-major"] = (2, 37, 1, 80, Layout.HeadMajor, Layout.Packed),
    };

    public static TheoryData<string, ElementType, string> Rows => OperationRows.Cross(Cases.Keys);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Rotary_must_equal_the_reference_there_and_back_whatever_the_types(string device, ElementType type, string name)
    {
        var (batch, tokens, heads, size, from, to) = Cases[name];
        var problem = new Problem(batch, tokens, heads, size, type);
        using var bench = new Workbench(device);
        var (cos, sin) = problem.PutAngles(bench);
        foreach (var stored in OperationRows.Types)
        {
            var x = bench.Put(problem.X, type, from, batch, tokens, heads, size);
            var y = bench.Empty(stored, to, batch, tokens, heads, size);

            bench.Device.Rotary(x, cos, sin, inverse: false, y);
            Comparison.Require($"y to {stored}", problem.Forward(), y.Read(), Tolerance.Elementwise(stored));

            bench.Device.Rotary(x, cos, sin, inverse: true, y);
            Comparison.Require($"dx to {stored}", problem.Backward(), y.Read(), Tolerance.Elementwise(stored));
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Rotary_must_give_the_same_bits_when_it_works_in_place(string device, ElementType type, string name)
    {
        var (batch, tokens, heads, size, layout, _) = Cases[name];
        var problem = new Problem(batch, tokens, heads, size, type);
        using var bench = new Workbench(device);
        var (cos, sin) = problem.PutAngles(bench);
        var x = bench.Put(problem.X, type, layout, batch, tokens, heads, size);
        var y = bench.Empty(type, layout, batch, tokens, heads, size);

        bench.Device.Rotary(x, cos, sin, inverse: false, y);
        bench.Device.Rotary(x, cos, sin, inverse: false, x);

        Assert.Equal(y.Read(), x.Read());
    }

    [Fact]
    public void Comparison_must_notice_when_the_inverse_rotation_is_omitted()
    {
        var problem = new Problem(1, 9, 2, 32, ElementType.Float32);
        using var bench = new Workbench(TestDevices.Any);
        var (cos, sin) = problem.PutAngles(bench);
        var dx = bench.Empty(ElementType.Float32, 1, 9, 2, 32);
        bench.Device.Rotary(bench.Put(problem.X, ElementType.Float32, 1, 9, 2, 32), cos, sin, inverse: false, dx);
        Comparison.MustNotice("a missing inverse", problem.Backward(), dx.Read(), Tolerance.Elementwise(ElementType.Float32));
    }

    private sealed class Problem(int batch, int tokens, int heads, int size, ElementType type)
    {
        private readonly double[] _angles = new Noise(50).Normal(tokens * size / 2, deviation: 2);

        internal double[] X { get; } = new Noise(51).Normal(batch * tokens * heads * size).Rounded(type);

        private double[] Cos => Array.ConvertAll(_angles, Math.Cos).Rounded(ElementType.Float32);

        private double[] Sin => Array.ConvertAll(_angles, Math.Sin).Rounded(ElementType.Float32);

        internal double[] Forward() => ReferenceRotary.Forward(X, Cos, Sin, batch, tokens, heads, size);

        internal double[] Backward() => ReferenceRotary.Backward(X, Cos, Sin, batch, tokens, heads, size);

        internal (TestTensor Cos, TestTensor Sin) PutAngles(Workbench bench) =>
            (bench.Put(Cos, ElementType.Float32, tokens, size / 2), bench.Put(Sin, ElementType.Float32, tokens, size / 2));
    }
}
