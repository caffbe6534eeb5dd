using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>Which devices the operation specs of this run covered: passed is covered, skipped says what is missing.</summary>
public class AvailabilitySpec
{
    [CoverageFact("cpu", InstructionSet.Portable)]
    public void Operations_must_run_on_portable_kernels() => RequireThreads("cpu Portable");

    [CoverageFact("cpu", InstructionSet.Avx2)]
    public void Operations_must_run_on_avx2_kernels() => RequireThreads("cpu Avx2");

    [CoverageFact("cpu", InstructionSet.Avx512)]
    public void Operations_must_run_on_avx512_kernels() => RequireThreads("cpu Avx512");

    [CoverageFact("cpu", InstructionSet.Avx512BFloat16Emulated)]
    public void Operations_must_run_on_bfloat16_kernels_when_the_instruction_is_emulated() => RequireThreads("cpu Avx512BFloat16Emulated");

    [CoverageFact("cpu", InstructionSet.Avx512BFloat16)]
    public void Operations_must_run_on_bfloat16_kernels_when_the_machine_has_the_instruction() => RequireThreads("cpu Avx512BFloat16");

    [CoverageFact("torch")]
    public void Operations_must_run_on_torch() => RequireThreads("torch");

    [CoverageFact("torch", cuda: true)]
    public void Operations_must_run_on_cuda() => Assert.Contains("torch cuda", TestDevices.Names);

    private static void RequireThreads(string device) =>
        Assert.Equal([$"{device} x1", $"{device} x2", $"{device} x3"],
            TestDevices.Names.Where(name => name.StartsWith(device + " x", StringComparison.Ordinal)));
}
