using System.Diagnostics;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench step</c> prints.</summary>
internal sealed record StepReport(
    string Device,
    string Dtype,
    int Threads,
    int Tokens,
    string Recompute,
    long Parameters,
    double TokensPerSecond,
    double TokensPerCpuSecond,
    double Gflops,
    double PeakGflops,
    double Fraction,
    double CpuFraction,
    long PlannedBytes,
    long PeakBytes,
    double PeakOverPlanned,
    long ManagedBytesPerStep,
    long NativeGrowthBytes,
    double Loss);

/// <summary>Whole training steps on random tokens: forward, backward, clipping, AdamW. FLOPs are counted 6 N_mm + 6 L D S per token, without credit for recompute.</summary>
internal static class StepBench
{
    internal static StepReport Run(NativeBackend backend, InstructionSet isa, int threads, TrainingProblem problem, int steps)
    {
        var (dims, type, tokens) = (problem.Dims, problem.Type, problem.Tokens);
        using var device = backend.Open(threads, isa);
        var plan = MemoryPlan.Of(device, dims, type, problem.Recompute, batch: 1, tokens);
        using var share = new ModelShare(device, problem, ModelShare.AllPositions(tokens), new LocalAttention(device), new SingleRank());
        var loss = share.Step(0, 1e-4);

        var rates = new List<double>();
        var cpuRates = new List<double>();
        var peaks = new List<double>();
        var fractions = new List<double>();
        var cpuFractions = new List<double>();
        var nativeBefore = device.Info.ScratchBytes + device.Info.BufferBytes;
        var managed = 0L;
        for (var i = 1; i <= steps; i++)
        {
            var before = device.MeasurePeak(type, 0.1);
            var cpu = Measure.CpuSeconds();
            var clock = Stopwatch.StartNew();
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            loss = share.Step(i, 1e-4);
            managed = GC.GetAllocatedBytesForCurrentThread() - allocated;
            var seconds = clock.Elapsed.TotalSeconds;
            var cpuSeconds = Measure.CpuSeconds() - cpu;
            var peak = Math.Max(before, device.MeasurePeak(type, 0.1));
            rates.Add(tokens / seconds);
            cpuRates.Add(tokens / cpuSeconds);
            peaks.Add(peak);
            fractions.Add(tokens / seconds * dims.FlopsPerToken(tokens) / 1e9 / peak);
            cpuFractions.Add(tokens / cpuSeconds * dims.FlopsPerToken(tokens) / 1e9 / (peak / threads));
        }

        var tokensPerSecond = Measure.Median(rates);
        var peakBytes = ProcessMemory.PeakResidentBytes;
        return new StepReport(
            device.Info.Name, type == ElementType.Float32 ? "float32" : "bfloat16", threads, tokens, problem.Recompute.Name, share.ParameterCount,
            BenchJson.Round(tokensPerSecond, 1), BenchJson.Round(Measure.Median(cpuRates), 1), BenchJson.Round(tokensPerSecond * dims.FlopsPerToken(tokens) / 1e9, 1),
            BenchJson.Round(Measure.Median(peaks), 1), BenchJson.Round(Measure.Median(fractions), 4), BenchJson.Round(Measure.Median(cpuFractions), 4),
            plan.Total, peakBytes, BenchJson.Round((double)peakBytes / plan.Total, 3), managed, device.Info.ScratchBytes + device.Info.BufferBytes - nativeBefore, BenchJson.Round(loss, 5));
    }
}
