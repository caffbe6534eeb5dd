using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

public class ElementwiseSpec
{
    private static readonly Dictionary<string, (long[] Shape, Layout X, Layout Y)> Shapes = new()
    {
        ["1"] = ([1], Layout.Packed, Layout.Packed),
        ["1009"] = ([1009], Layout.Packed, Layout.Packed),
        ["70001"] = ([70001], Layout.Packed, Layout.Packed),
        ["7x13 slices"] = ([7, 13], Layout.Slice, Layout.Slice),
        ["3x5x17 from slice"] = ([3, 5, 17], Layout.Slice, Layout.Packed),
        ["2x19x3x8 to head-major"] = ([2, 19, 3, 8], Layout.Slice, Layout.HeadMajor),
        ["2x19x3x8 from head-major"] = ([2, 19, 3, 8], Layout.HeadMajor, Layout.Packed),
    };

    public static TheoryData<string, ElementType, string> Rows => OperationRows.Cross(Shapes.Keys);

    public static TheoryData<string, ElementType> Devices => OperationRows.Devices();

    [Theory]
    [MemberData(nameof(Rows))]
    public void Fill_must_write_the_rounded_value_everywhere(string device, ElementType type, string shape)
    {
        using var bench = new Workbench(device);
        var x = bench.Empty(type, Shapes[shape].X, Shapes[shape].Shape);
        bench.Device.Fill(1.0 / 3, x);
        var expected = new[] { 1.0 / 3 }.Rounded(type)[0];
        Assert.All(x.Read(), value => Assert.Equal(expected, value));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Copy_must_round_to_nearest_even_when_types_differ(string device, ElementType type, string shape)
    {
        var (sizes, from, to) = Shapes[shape];
        var values = new Noise(20).Normal(Count(sizes));
        using var bench = new Workbench(device);
        foreach (var stored in OperationRows.Types)
        {
            var x = bench.Put(values, type, from, sizes);
            var y = bench.Empty(stored, to, sizes);
            bench.Device.Copy(x, y);
            Assert.Equal(values.Rounded(type).Rounded(stored), y.Read());
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Copy_must_keep_infinities_and_nan_and_ties_to_even(string device, ElementType type)
    {
        // 1 + 1/256 and 1 + 3/256 lie half way between two bfloat16 values; the largest float32 rounds to infinity.
        double[] values = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1 + (1.0 / 256), 1 + (3.0 / 256), -1 - (1.0 / 256), float.MaxValue,
            -0.0, 1e-45, 0, 1, 2, 3, 4, 5, 6, 7];
        using var bench = new Workbench(device);
        var x = bench.Put(values, ElementType.Float32, values.Length);
        var y = bench.Empty(type, values.Length);
        bench.Device.Copy(x, y);
        Assert.Equal(values.Rounded(type), y.Read());
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Copy_must_keep_a_nan_whose_payload_lies_in_the_lower_half(string device, ElementType type)
    {
        using var bench = new Workbench(device);
        var hidden = BitConverter.UInt32BitsToSingle(0x7F80_0001);
        var x = bench.Put([.. Enumerable.Range(0, 40).Select(_ => 1.0)], ElementType.Float32, 40);
        bench.Device.Write<float>([.. Enumerable.Repeat(hidden, 40)], x.View);
        var y = bench.Empty(type, 40);
        bench.Device.Copy(x, y);
        Assert.All(y.Read(), value => Assert.Equal(double.NaN, value));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Add_must_form_the_sum_in_float32(string device, ElementType type, string shape)
    {
        var (sizes, from, to) = Shapes[shape];
        var noise = new Noise(21);
        var x = noise.Normal(Count(sizes)).Rounded(type);
        using var bench = new Workbench(device);
        foreach (var stored in OperationRows.Types)
        {
            var y = noise.Normal(Count(sizes)).Rounded(stored);
            var result = bench.Put(y, stored, to, sizes);
            bench.Device.Add(-0.75, bench.Put(x, type, from, sizes), result);
            Comparison.Require("y", [.. y.Zip(x, (a, b) => a - (0.75 * b))], result.Read(), Tolerance.Elementwise(stored));
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void SquareSum_must_be_formed_in_double_precision(string device, ElementType type, string shape)
    {
        var (sizes, layout, _) = Shapes[shape];
        var x = new Noise(22).Normal(Count(sizes)).Rounded(type);
        using var bench = new Workbench(device);
        var expected = x.Sum(value => value * value);
        Assert.Equal(expected, bench.Device.SquareSum(bench.Put(x, type, layout, sizes)), 1e-13 * expected);
    }

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.BFloat16)]
    public void SquareSum_must_not_depend_on_the_thread_count(ElementType type)
    {
        var x = new Noise(23).Normal(100_003);
        var sums = TestDevices.CpuNames.GroupBy(name => name[..name.LastIndexOf(" x", StringComparison.Ordinal)]).Select(devices => devices.Select(device =>
        {
            using var bench = new Workbench(device);
            return bench.Device.SquareSum(bench.Put(x, type, x.Length));
        }).Distinct());
        Assert.All(sums, distinct => Assert.Single(distinct));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void SquareSum_must_not_overflow_when_squares_exceed_float32(string device, ElementType type)
    {
        using var bench = new Workbench(device);
        var huge = new[] { 1e30 }.Rounded(type)[0];
        Assert.Equal(3 * huge * huge, bench.Device.SquareSum(bench.Put([huge, huge, huge], type, 3)), 1e-12 * huge * huge);
    }

    private static int Count(long[] shape) => (int)shape.Aggregate(1L, (product, size) => product * size);
}
