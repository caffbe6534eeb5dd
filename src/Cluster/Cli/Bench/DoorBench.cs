using System.Diagnostics;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench door</c> prints: the cost of crossing into native code and of loading it.</summary>
internal sealed record DoorReport(string Library, double LoadMilliseconds, double LoadResidentMegabytes, double NoopNanoseconds, long ManagedBytesPerCall);

/// <summary>Load time and memory of the CPU library, nanoseconds of a call that does nothing.</summary>
internal static class DoorBench
{
    internal static DoorReport Run()
    {
        // First use of what measures, so that only the library is counted.
        _ = ProcessMemory.ResidentBytes;
        var before = ProcessMemory.ResidentBytes;
        var clock = Stopwatch.StartNew();
        var backend = NativeBackend.LoadCpu();
        using var device = backend.Open(threadCount: 1);
        var load = clock.Elapsed.TotalMilliseconds;
        var resident = ProcessMemory.ResidentBytes - before;

        const int Calls = 2_000_000;
        var rounds = new double[9];
        var managed = 0L;
        for (var round = 0; round < rounds.Length; round++)
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            clock.Restart();
            for (var i = 0; i < Calls; i++)
            {
                device.Noop();
            }

            rounds[round] = clock.Elapsed.TotalNanoseconds / Calls;
            managed = (GC.GetAllocatedBytesForCurrentThread() - allocated) / Calls;
        }

        return new DoorReport(backend.Name, BenchJson.Round(load, 2), BenchJson.Round(resident / 1e6, 2), BenchJson.Round(Measure.Median(rounds), 2), managed);
    }
}
