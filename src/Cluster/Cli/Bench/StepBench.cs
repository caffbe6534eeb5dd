using System.Diagnostics;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
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
    internal static StepReport Run(NativeBackend backend, InstructionSet isa, int threads, ModelDims dims, ElementType type, RecomputePolicy policy, int tokens, int steps)
    {
        using var device = backend.Open(threads, isa);
        var plan = MemoryPlan.Of(device, dims, type, policy, batch: 1, tokens);
        using var parameters = new Parameters(device, dims, type);
        Initialization.Fill(parameters, seed: 1, standardDeviation: 0.02);
        using var gradients = new Gradients(parameters);
        using var optimizer = new AdamW(parameters, new AdamWOptions());
        using var model = new LlamaModel(parameters, new LocalAttention(device), policy, batch: 1, tokens);
        SetRotary(model, dims, tokens);

        var step = new TrainingStep(parameters, model, gradients, optimizer, new SingleRank());
        Batch[] batch = [RandomTokens(dims, tokens)];
        var loss = step.Run(new TrainStep(0), batch, 1e-4).Loss;

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
            loss = step.Run(new TrainStep(i), batch, 1e-4).Loss;
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
            device.Info.Name, type == ElementType.Float32 ? "float32" : "bfloat16", threads, tokens, policy.Name, parameters.Layout.Count,
            BenchJson.Round(tokensPerSecond, 1), BenchJson.Round(Measure.Median(cpuRates), 1), BenchJson.Round(tokensPerSecond * dims.FlopsPerToken(tokens) / 1e9, 1),
            BenchJson.Round(Measure.Median(peaks), 1), BenchJson.Round(Measure.Median(fractions), 4), BenchJson.Round(Measure.Median(cpuFractions), 4),
            plan.Total, peakBytes, BenchJson.Round((double)peakBytes / plan.Total, 3), managed, device.Info.ScratchBytes + device.Info.BufferBytes - nativeBefore, BenchJson.Round(loss, 5));
    }

    private static void SetRotary(LlamaModel model, ModelDims dims, int tokens)
    {
        var half = dims.HeadSize / 2;
        var cos = new float[tokens * half];
        var sin = new float[tokens * half];
        for (var t = 0; t < tokens; t++)
        {
            for (var i = 0; i < half; i++)
            {
                var angle = t * Math.Pow(10_000, -2.0 * i / dims.HeadSize);
                cos[(t * half) + i] = (float)Math.Cos(angle);
                sin[(t * half) + i] = (float)Math.Sin(angle);
            }
        }

        model.SetRotary(cos, sin);
    }

    private static Batch RandomTokens(ModelDims dims, int tokens)
    {
        var random = new Random(1);
        var row = Enumerable.Range(0, tokens + 1).Select(_ => random.Next(dims.Vocabulary)).ToArray();
        var batch = new Batch(1, tokens);
        batch.SetRow(0, row.AsSpan(0, tokens), row.AsSpan(1, tokens), [0, tokens]);
        return batch;
    }
}
