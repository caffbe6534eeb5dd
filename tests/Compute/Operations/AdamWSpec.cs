using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

public class AdamWSpec
{
    private static readonly AdamWUpdate Update = new(LearningRate: 3e-3, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.1, GradientScale: 0.5, Step: 1);

    public static TheoryData<string, int> Rows
    {
        get
        {
            var rows = new TheoryData<string, int>();
            foreach (var device in TestDevices.Names)
            {
                foreach (var count in new[] { 1, 17, 1000, 70_001 })
                {
                    rows.Add(device, count);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void AdamW_must_follow_the_formula_over_several_updates(string device, int count)
    {
        using var bench = new Workbench(device);
        var state = new State(bench, count);
        for (var step = 1; step <= 5; step++)
        {
            state.Step(Update with { Step = step, LearningRate = Update.LearningRate / step });
        }

        Comparison.Require("w", state.W, state.DeviceW.Read(), Tolerance.Sum(ElementType.Float32));
        Comparison.Require("m", state.M, state.DeviceM.Read(), Tolerance.Sum(ElementType.Float32));
        Comparison.Require("v", state.V, state.DeviceV.Read(), Tolerance.Sum(ElementType.Float32));
        Assert.Equal(state.DeviceW.Read().Rounded(ElementType.BFloat16), state.Compute.Read());
    }

    [Fact]
    public void AdamW_must_give_the_same_bits_when_no_compute_copy_is_asked_for()
    {
        using var bench = new Workbench(TestDevices.Any);
        var with = new State(bench, 133);
        var without = new State(bench, 133);
        with.Step(Update);
        without.Step(Update, compute: false);
        Assert.Equal(with.DeviceW.ReadBits(), without.DeviceW.ReadBits());
        Assert.True(without.Compute.IsUnwritten);
    }

    [Fact]
    public void AdamW_must_leave_weights_alone_when_rate_is_zero()
    {
        using var bench = new Workbench(TestDevices.Any);
        var state = new State(bench, 33);
        var before = state.DeviceW.ReadBits();
        state.Step(Update with { LearningRate = 0 });
        Assert.Equal(before, state.DeviceW.ReadBits());
    }

    [Fact]
    public void Comparison_must_notice_when_the_step_number_is_off_by_one()
    {
        using var bench = new Workbench(TestDevices.Any);
        var state = new State(bench, 133);
        state.Step(Update, deviceUpdate: Update with { Step = 2 });
        Comparison.MustNotice("a wrong bias correction", state.W, state.DeviceW.Read(), Tolerance.Sum(ElementType.Float32));
    }

    [Fact]
    public void Comparison_must_notice_when_decay_is_forgotten()
    {
        using var bench = new Workbench(TestDevices.Any);
        var state = new State(bench, 133);
        state.Step(Update, deviceUpdate: Update with { WeightDecay = 0 });
        Comparison.MustNotice("a missing decay", state.W, state.DeviceW.Read(), Tolerance.Sum(ElementType.Float32));
    }

    // The same optimiser state twice: in float64 here, in float32 on the device.
    private sealed class State
    {
        private readonly Workbench _bench;
        private readonly Noise _noise = new(90);

        internal State(Workbench bench, int count)
        {
            _bench = bench;
            W = _noise.Normal(count).Rounded(ElementType.Float32);
            M = new double[count];
            V = new double[count];
            DeviceW = bench.Put(W, ElementType.Float32, count);
            DeviceM = bench.Put(M, ElementType.Float32, count);
            DeviceV = bench.Put(V, ElementType.Float32, count);
            Compute = bench.Empty(ElementType.BFloat16, count);
        }

        internal double[] W { get; }

        internal double[] M { get; }

        internal double[] V { get; }

        internal TestTensor DeviceW { get; }

        internal TestTensor DeviceM { get; }

        internal TestTensor DeviceV { get; }

        internal TestTensor Compute { get; }

        internal void Step(AdamWUpdate update, AdamWUpdate? deviceUpdate = null, bool compute = true)
        {
            var g = _noise.Normal(W.Length).Rounded(ElementType.Float32);
            ReferenceAdamW.Update(update, g, W, M, V);
            _bench.Device.AdamW(deviceUpdate ?? update, _bench.Put(g, ElementType.Float32, g.Length), DeviceW, DeviceM, DeviceV, compute ? Compute.View
                : default);
        }
    }
}
