using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

// R rows, F MLP dim.
public class SwiGluSpec
{
    private static readonly Dictionary<string, (int R, int F, Layout Layout)> Cases = new()
    {
        ["R1 F1"] = (1, 1, Layout.Packed),
        ["R3 F37 slices"] = (3, 37, Layout.Slice),
        ["R131 F16"] = (131, 16, Layout.Packed),
        ["R7 F1031"] = (7, 1031, Layout.Packed),
    };

    public static TheoryData<string, ElementType, string> Rows => OperationRows.Cross(Cases.Keys);

    public static TheoryData<string, ElementType> Devices => OperationRows.Devices();

    [Theory]
    [MemberData(nameof(Rows))]
    public void SwiGluForward_must_equal_the_reference(string device, ElementType type, string name)
    {
        var problem = new Problem(name, type);
        using var bench = new Workbench(device);
        var y = bench.Empty(type, problem.Layout, problem.R, problem.F);

        bench.Device.SwiGluForward(problem.PutGateUp(bench), y);

        Comparison.Require("y", problem.Forward(), y.Read(), Tolerance.Elementwise(type));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void SwiGluBackward_must_equal_the_reference_and_repeat_the_forward(string device, ElementType type, string name)
    {
        var problem = new Problem(name, type);
        using var bench = new Workbench(device);
        var dgateUp = bench.Empty(type, problem.Layout, problem.R, 2 * problem.F);
        var again = bench.Empty(type, problem.Layout, problem.R, problem.F);
        var first = bench.Empty(type, problem.Layout, problem.R, problem.F);
        var gateUp = problem.PutGateUp(bench);

        bench.Device.SwiGluForward(gateUp, first);
        bench.Device.SwiGluBackward(gateUp, problem.PutDy(bench), dgateUp, again);

        Comparison.Require("d_gate_up", problem.Backward(), dgateUp.Read(), Tolerance.Elementwise(type));
        Assert.Equal(first.Read(), again.Read());
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void SwiGluBackward_must_give_the_same_bits_when_it_works_in_place(string device, ElementType type, string name)
    {
        var problem = new Problem(name, type);
        using var bench = new Workbench(device);
        var apart = bench.Empty(type, problem.Layout, problem.R, 2 * problem.F);
        var inPlace = problem.PutGateUp(bench);
        var dy = problem.PutDy(bench);

        bench.Device.SwiGluBackward(inPlace, dy, apart, default);
        bench.Device.SwiGluBackward(inPlace, dy, inPlace, default);

        Assert.Equal(apart.Read(), inPlace.Read());
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void SwiGluForward_must_stay_finite_when_the_gate_is_far_out(string device, ElementType type)
    {
        double[] gates = [.. new double[] { -200, -90, -60, -20, 20, 60, 90, 200 }, .. Enumerable.Repeat(-88.5, 9)];
        double[] ups = [.. Enumerable.Repeat(2.0, gates.Length)];
        using var bench = new Workbench(device);
        var y = bench.Empty(type, 1, gates.Length);
        bench.Device.SwiGluForward(bench.Put([.. gates.Rounded(type), .. ups], type, 1, 2 * gates.Length), y);
        Comparison.Require("y", ReferenceSwiGlu.Forward(gates.Rounded(type), ups), y.Read(), Tolerance.Elementwise(type));
    }

    [Fact]
    public void Comparison_must_notice_when_gate_and_up_are_swapped()
    {
        var problem = new Problem("R3 F37 slices", ElementType.BFloat16);
        using var bench = new Workbench(TestDevices.Any);
        var y = bench.Empty(ElementType.BFloat16, problem.R, problem.F);
        bench.Device.SwiGluForward(bench.Put(Problem.SideBySide(problem.Up, problem.Gate, problem.R), ElementType.BFloat16, problem.R, 2 * problem.F), y);
        Comparison.MustNotice("swapped halves", problem.Forward(), y.Read(), Tolerance.Elementwise(ElementType.BFloat16));
    }

    private sealed class Problem
    {
        private readonly ElementType _type;
        private readonly double[] _dy;

        internal Problem(string name, ElementType type)
        {
            (R, F, Layout) = Cases[name];
            _type = type;
            var noise = new Noise(60);
            Gate = noise.Normal(R * F, deviation: 4).Rounded(type);
            Up = noise.Normal(R * F).Rounded(type);
            _dy = noise.Normal(R * F).Rounded(type);
        }

        internal int R { get; }

        internal int F { get; }

        internal Layout Layout { get; }

        internal double[] Gate { get; }

        internal double[] Up { get; }

        internal double[] Forward() => ReferenceSwiGlu.Forward(Gate, Up);

        internal double[] Backward()
        {
            var (dgate, dup) = ReferenceSwiGlu.Backward(Gate, Up, _dy);
            return SideBySide(dgate, dup, R);
        }

        internal TestTensor PutGateUp(Workbench bench) => bench.Put(SideBySide(Gate, Up, R), _type, Layout, R, 2 * F);

        internal TestTensor PutDy(Workbench bench) => bench.Put(_dy, _type, Layout, R, F);

        internal static double[] SideBySide(double[] left, double[] right, int rows) =>
            [.. left.Chunk(left.Length / rows).Zip(right.Chunk(right.Length / rows), (a, b) => a.Concat(b)).SelectMany(row => row)];
    }
}
