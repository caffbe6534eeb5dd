using System.Collections.Concurrent;
using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

// R rows, I inputs, O outputs.
public class LinearSpec
{
    private sealed record LinearCase(int R, int I, int O, bool Bias, bool Accumulate, bool Slices, bool Float32Result);

    // No size is a multiple of a vector unless it says something about the multiple itself.
    private static readonly Dictionary<string, LinearCase> Cases = new[]
    {
        new LinearCase(1, 1, 1, Bias: true, Accumulate: false, Slices: false, Float32Result: false),
        new LinearCase(1, 7, 5, Bias: false, Accumulate: true, Slices: false, Float32Result: true),
        new LinearCase(1, 515, 259, Bias: true, Accumulate: true, Slices: true, Float32Result: true),
        new LinearCase(2, 33, 1, Bias: false, Accumulate: false, Slices: true, Float32Result: false),
        new LinearCase(3, 1, 131, Bias: true, Accumulate: true, Slices: false, Float32Result: false),
        new LinearCase(5, 2, 64, Bias: false, Accumulate: false, Slices: false, Float32Result: true),
        new LinearCase(6, 64, 64, Bias: false, Accumulate: false, Slices: false, Float32Result: false),
        new LinearCase(17, 31, 13, Bias: true, Accumulate: false, Slices: true, Float32Result: false),
        new LinearCase(61, 127, 67, Bias: false, Accumulate: true, Slices: true, Float32Result: true),
        new LinearCase(64, 128, 64, Bias: true, Accumulate: false, Slices: false, Float32Result: false),
        new LinearCase(131, 96, 4, Bias: true, Accumulate: true, Slices: false, Float32Result: false),
        new LinearCase(97, 523, 129, Bias: false, Accumulate: false, Slices: false, Float32Result: true),
        new LinearCase(307, 41, 283, Bias: true, Accumulate: true, Slices: true, Float32Result: false),
    }.ToDictionary(Name);

    public static TheoryData<string, ElementType, string> Rows => OperationRows.Cross(Cases.Keys);

    [Theory]
    [MemberData(nameof(Rows))]
    public void LinearForward_must_equal_the_reference(string device, ElementType type, string name)
    {
        var sizes = Cases[name];
        var problem = Problem.Of(sizes, type);
        using var bench = new Workbench(device);
        var bias = sizes.Bias ? bench.Put(problem.Bias, type, sizes.O).View : default;
        var y = problem.Result(bench, problem.Dy, sizes.R, sizes.O);

        bench.Device.LinearForward(problem.PutX(bench), problem.PutW(bench), bias, sizes.Accumulate, y);

        Comparison.Require("y", problem.Y(), y.Read(), Tolerance.Sum(problem.Stored));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void LinearBackwardInput_must_equal_the_reference(string device, ElementType type, string name)
    {
        var sizes = Cases[name];
        var problem = Problem.Of(sizes, type);
        using var bench = new Workbench(device);
        var dx = problem.Result(bench, problem.X, sizes.R, sizes.I);

        bench.Device.LinearBackwardInput(problem.PutDy(bench), problem.PutW(bench), sizes.Accumulate, dx);

        Comparison.Require("dx", problem.Dx(), dx.Read(), Tolerance.Sum(problem.Stored));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void LinearBackwardWeight_must_equal_the_reference(string device, ElementType type, string name)
    {
        var sizes = Cases[name];
        var problem = Problem.Of(sizes, type);
        using var bench = new Workbench(device);
        var dw = problem.Float32Result(bench, problem.W, sizes.O, sizes.I);
        var dbias = sizes.Bias ? problem.Float32Result(bench, problem.Bias, sizes.O) : null;

        bench.Device.LinearBackwardWeight(problem.PutDy(bench), problem.PutX(bench), sizes.Accumulate, dw, dbias?.View ?? default);

        Comparison.Require("dw", problem.Dw(), dw.Read(), Tolerance.Sum(ElementType.Float32));
        if (dbias is not null)
        {
            var expectedBias = ReferenceLinear.BackwardBias(problem.Dy, sizes.R, sizes.O);
            Comparison.Require("dbias", problem.Accumulated(problem.Bias, expectedBias), dbias.Read(), Tolerance.Sum(ElementType.Float32));
        }
    }

    [Fact]
    public void Comparison_must_notice_when_a_linear_layer_forgets_to_accumulate()
    {
        var problem = Problem.Of(Cases.Values.First(sizes => sizes is { R: 61, Accumulate: true }), ElementType.Float32);
        using var bench = new Workbench(TestDevices.Any);
        var y = problem.Result(bench, problem.Dy, 61, 67);
        bench.Device.LinearForward(problem.PutX(bench), problem.PutW(bench), default, accumulate: false, y);
        Comparison.MustNotice("a missing accumulate", problem.Y(), y.Read(), Tolerance.Sum(ElementType.Float32));
    }

    [Fact]
    public void Comparison_must_notice_when_a_linear_layer_drops_the_last_of_many_inputs()
    {
        var problem = Problem.Of(Cases.Values.First(sizes => sizes.R == 97), ElementType.BFloat16);
        using var bench = new Workbench(TestDevices.Any);
        var y = problem.Result(bench, problem.Dy, 97, 129);
        bench.Device.LinearForward(problem.PutX(bench).View.Slice(1, 0, 522), problem.PutW(bench).View.Slice(1, 0, 522), default, accumulate: false, y);
        Comparison.MustNotice("a sum that stops one short", problem.Y(), y.Read(), Tolerance.Sum(ElementType.Float32));
    }

    private static string Name(LinearCase sizes) =>
        $"R{sizes.R} I{sizes.I} O{sizes.O}" + (sizes.Bias ? " bias" : "") + (sizes.Accumulate ? " accumulate" : "") + (sizes.Slices ? " slices"
            : "") + (sizes.Float32Result ? " to float32" : "");

    private sealed class Problem
    {
        private static readonly ConcurrentDictionary<(LinearCase, ElementType), Problem> Known = new();

        private readonly LinearCase _sizes;
        private readonly ElementType _type;
        private readonly Lazy<double[]> _y, _dx, _dw;

        private Problem(LinearCase sizes, ElementType type)
        {
            var noise = new Noise(30);
            _sizes = sizes;
            _type = type;
            Stored = sizes.Float32Result ? ElementType.Float32 : type;
            X = noise.Normal(sizes.R * sizes.I).Rounded(type);
            W = noise.Normal(sizes.O * sizes.I).Rounded(type);
            Bias = noise.Normal(sizes.O).Rounded(type);
            Dy = noise.Normal(sizes.R * sizes.O).Rounded(type);
            _y = new(() => ReferenceLinear.Forward(X, W, sizes.Bias ? Bias : null, sizes.R, sizes.I, sizes.O));
            _dx = new(() => ReferenceLinear.BackwardInput(Dy, W, sizes.R, sizes.I, sizes.O));
            _dw = new(() => ReferenceLinear.BackwardWeight(Dy, X, sizes.R, sizes.I, sizes.O));
        }

        internal double[] X { get; }

        internal double[] W { get; }

        internal double[] Bias { get; }

        internal double[] Dy { get; }

        internal ElementType Stored { get; }

        private Layout Layout => _sizes.Slices ? Layout.Slice : Layout.Packed;

        internal TestTensor PutX(Workbench bench) => bench.Put(X, _type, Layout, _sizes.R, _sizes.I);

        internal TestTensor PutW(Workbench bench) => bench.Put(W, _type, Layout, _sizes.O, _sizes.I);

        internal TestTensor PutDy(Workbench bench) => bench.Put(Dy, _type, Layout, _sizes.R, _sizes.O);

        // What a result holds before an accumulating call; poison before one that overwrites.
        internal TestTensor Result(Workbench bench, double[] before, params long[] shape) =>
            _sizes.Accumulate ? bench.Put(before, Stored, Layout, shape) : bench.Empty(Stored, Layout, shape);

        internal TestTensor Float32Result(Workbench bench, double[] before, params long[] shape) =>
            _sizes.Accumulate ? bench.Put(before, ElementType.Float32, Layout, shape) : bench.Empty(ElementType.Float32, Layout, shape);

        internal double[] Accumulated(double[] before, double[] result) => _sizes.Accumulate ? [.. before.Zip(result, (a, b) => a + b)] : result;

        // Solved once, however many devices are checked against it.
        internal static Problem Of(LinearCase sizes, ElementType type) => Known.GetOrAdd((sizes, type), _ => new Problem(sizes, type));

        internal double[] Y() => Accumulated(Dy, _y.Value);

        internal double[] Dx() => Accumulated(X, _dx.Value);

        internal double[] Dw() => Accumulated(W, _dw.Value);
    }
}
