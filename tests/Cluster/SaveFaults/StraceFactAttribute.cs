using ActorRing.Cluster.Cli.SaveFaults;

namespace ActorRing.Cluster.Specs.SaveFaults;

/// <summary>Runs where <c>strace</c> is installed and may look into other processes.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StraceFactAttribute : FactAttribute
{
    public StraceFactAttribute() => Skip = WhyNot!;

    internal static string? WhyNot { get; } = Strace.WhyNot() is { } reason ? $"{reason}: no system call was made to fail" : null;
}

/// <summary>The same for theories.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StraceTheoryAttribute : TheoryAttribute
{
    public StraceTheoryAttribute() => Skip = StraceFactAttribute.WhyNot!;
}
