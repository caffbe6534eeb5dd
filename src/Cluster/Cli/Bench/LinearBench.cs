using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>One row of <c>bench linear</c>: y [rows, outputs] from x [rows, inputs].</summary>
internal sealed record LinearRow(string Op, string Dtype, int Threads, long Rows, long Inputs, long Outputs, double Gflops, double PeakGflops, double Fraction, double CpuFraction);

/// <summary>The three products of a linear layer, as a share of the multiply-add peak.</summary>
internal static class LinearBench
{
    internal static IEnumerable<LinearRow> Run(NativeBackend backend, InstructionSet isa, int threads, long rows, long inputs, long outputs, ElementType type, int rounds)
    {
        using var device = backend.Open(threads, isa);
        using var buffer = device.CreateBuffer(2 * sizeof(float) * ((rows * inputs) + (inputs * outputs) + (rows * outputs)));
        var next = 0L;
        Tensor Matrix(ElementType of, long first, long second)
        {
            var tensor = Tensor.Of(buffer, next, of, first, second);
            next += tensor.Count * of.ByteCount();
            return tensor;
        }

        var (x, w, y, dw) = (Matrix(type, rows, inputs), Matrix(type, outputs, inputs), Matrix(type, rows, outputs), Matrix(ElementType.Float32, outputs, inputs));
        Measure.FillRandom(device, x, 1);
        Measure.FillRandom(device, w, 2);
        Measure.FillRandom(device, y, 3);
        var flops = 2.0 * rows * inputs * outputs;

        yield return Row("linear_backward_input", Measure.Of(device, type, flops, rounds, () => device.LinearBackwardInput(y, w, accumulate: false, x)));
        yield return Row("linear_backward_weight", Measure.Of(device, type, flops, rounds, () => device.LinearBackwardWeight(y, x, accumulate: false, dw, default)));
        yield return Row("linear_forward", Measure.Of(device, type, flops, rounds, () => device.LinearForward(x, w, default, accumulate: false, y)));

        LinearRow Row(string op, Rate rate) => new(
            op, type == ElementType.Float32 ? "float32" : "bfloat16", threads, rows, inputs, outputs,
            BenchJson.Round(rate.Gigaflops, 1), BenchJson.Round(rate.PeakGigaflops, 1), BenchJson.Round(rate.Fraction, 4), BenchJson.Round(rate.CpuFraction, 4));
    }
}
