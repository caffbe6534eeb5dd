using ActorRing.Cluster.Cli.Partitions;

namespace ActorRing.Cluster.Specs.Partitions;

/// <summary>Runs where network namespaces can be made: as root, with <c>ip</c>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NamespacesFactAttribute : FactAttribute
{
    private static readonly string? Missing = NetworkNamespaces.WhyNot() is { } reason ? $"{reason}: no network was partitioned" : null;

    public NamespacesFactAttribute() => Skip = Missing!;
}
