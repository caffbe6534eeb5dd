using System.Diagnostics;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>Timing by the clock, always beside the peak that the machine reached in the same moment: machines are shared and change their speed.</summary>
internal static class Measure
{
    /// <summary>Rate of an operation and of the peak around it, medians over rounds.</summary>
    /// <param name="device">Where it runs.</param>
    /// <param name="peakType">Which peak to compare with.</param>
    /// <param name="flops">Of one run.</param>
    /// <param name="rounds">Counted rounds, after one to warm up.</param>
    /// <param name="run">The operation.</param>
    internal static Rate Of(ComputeDevice device, ElementType peakType, double flops, int rounds, Action run)
    {
        run();
        var rates = new double[rounds];
        var peaks = new double[rounds];
        var fractions = new double[rounds];
        var cpuFractions = new double[rounds];
        for (var round = 0; round < rounds; round++)
        {
            var before = device.MeasurePeak(peakType, 0.1);
            var cpu = CpuSeconds();
            var clock = Stopwatch.StartNew();
            run();
            var seconds = clock.Elapsed.TotalSeconds;
            var cpuSeconds = CpuSeconds() - cpu;
            var after = device.MeasurePeak(peakType, 0.1);
            rates[round] = flops / seconds / 1e9;
            peaks[round] = Math.Max(before, after);
            fractions[round] = rates[round] / peaks[round];
            cpuFractions[round] = flops / cpuSeconds / 1e9 / (peaks[round] / device.Info.ThreadCount);
        }

        return new Rate(Median(rates), Median(peaks), Median(fractions), Median(cpuFractions));
    }

    /// <summary>Processor time of this process, all threads: what a busy machine does not stretch.</summary>
    internal static double CpuSeconds()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Fills a float tensor with reproducible normal-like values.</summary>
    internal static void FillRandom(ComputeDevice device, in Tensor tensor, int seed)
    {
        var random = new Random(seed);
        var values = new float[tensor.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2);
        }

        if (tensor.Type == ElementType.Float32)
        {
            device.Write<float>(values, tensor);
            return;
        }

        using var staging = device.CreateBuffer(tensor.Count * sizeof(float));
        var source = Tensor.Of(staging, 0, ElementType.Float32, tensor.Count);
        device.Write<float>(values, source);
        device.Copy(source, tensor.Reshape(tensor.Count));
    }
}

/// <summary>GFLOP/s of an operation, of the peak measured around it, and the median of their ratio: by the clock, and by processor time.</summary>
internal readonly record struct Rate(double Gigaflops, double PeakGigaflops, double Fraction, double CpuFraction);
