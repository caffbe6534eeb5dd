using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>One way to run an operation on this machine.</summary>
internal sealed record DeviceCase(string Name, string Backend, InstructionSet InstructionSet, int Threads, int? CudaIndex);

/// <summary>Every way to run an operation that this machine has, and why the others are missing.</summary>
internal static class TestDevices
{
    private static readonly int[] ThreadCounts = [1, 2, 3];

    private static readonly InstructionSet[] InstructionSets =
        [InstructionSet.Portable, InstructionSet.Avx2, InstructionSet.Avx512, InstructionSet.Avx512BFloat16Emulated, InstructionSet.Avx512BFloat16];

    private static readonly Dictionary<string, DeviceCase> Known = Wanted().Where(device => WhyMissing(device) is null).ToDictionary(device => device.Name);

    /// <summary>Names for theory rows, for example "cpu Avx2 x3".</summary>
    internal static IReadOnlyList<string> Names { get; } = [.. Known.Keys];

    /// <summary>The names that run on the CPU, where ids and labels are checked.</summary>
    internal static IReadOnlyList<string> CpuNames { get; } = [.. Known.Values.Where(device => device.CudaIndex is null).Select(device => device.Name)];

    /// <summary>Where the choice does not matter: the best kernels of this machine, two threads.</summary>
    internal const string Any = "cpu best";

    internal static ComputeDevice Open(string name) => name == Any ? NativeBackend.LoadCpu().Open(2) : Open(Known[name]);

    /// <summary>One line that says what is missing, or null where the device works.</summary>
    internal static string? WhyMissing(DeviceCase device)
    {
        try
        {
            Open(device).Dispose();
            return null;
        }
        catch (Exception missing) when (missing is BackendUnavailableException or NotSupportedException)
        {
            return missing.Message;
        }
    }

    private static ComputeDevice Open(DeviceCase device) =>
        (device.Backend == "cpu" ? NativeBackend.LoadCpu() : NativeBackend.LoadTorch()).Open(device.Threads, device.InstructionSet, default, device.CudaIndex);

    private static IEnumerable<DeviceCase> Wanted()
    {
        foreach (var threads in ThreadCounts)
        {
            foreach (var instructionSet in InstructionSets)
            {
                yield return new DeviceCase($"cpu {instructionSet} x{threads}", "cpu", instructionSet, threads, null);
            }

            yield return new DeviceCase($"torch x{threads}", "torch", InstructionSet.Auto, threads, null);
        }

        yield return new DeviceCase("torch cuda", "torch", InstructionSet.Auto, 1, 0);
    }
}
