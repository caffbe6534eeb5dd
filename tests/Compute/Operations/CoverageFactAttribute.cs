using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>A fact about one device, skipped with the reason where this machine lacks it, so that a green run never claims what it did not run.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CoverageFactAttribute : FactAttribute
{
    /// <summary>Asks this machine for the device.</summary>
    public CoverageFactAttribute(string backend, InstructionSet instructionSet = InstructionSet.Auto, bool cuda = false)
    {
        Backend = backend;
        InstructionSet = instructionSet;
        Cuda = cuda;
        Skip = TestDevices.WhyMissing(new DeviceCase("", backend, instructionSet, 1, cuda ? 0 : null));
    }

    /// <summary>"cpu" or "torch".</summary>
    public string Backend { get; }

    /// <summary>Asked-for kernels.</summary>
    public InstructionSet InstructionSet { get; }

    /// <summary>Whether the first GPU is meant.</summary>
    public bool Cuda { get; }
}
