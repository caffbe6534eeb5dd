using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Member;

/// <summary>Who a member is.</summary>
/// <param name="Name">In the cluster.</param>
internal sealed record MemberSettings(string Name)
{
    /// <summary>Tells this process from earlier ones of the name; null for a new one.</summary>
    internal long? Incarnation { get; init; }

    /// <summary>Address of this machine at which it takes tensors from other ranks over Gloo; null for 127.0.0.1.</summary>
    internal string? TensorAddress { get; init; }

    /// <summary>Whether it holds a rank only while there are too few other members.</summary>
    internal bool IsReserve { get; init; }

    /// <summary>Whether this process has other things to do than being a member. A seed of the same machine never kills it then.</summary>
    internal bool SharesProcess { get; init; }

    /// <summary>The name of one that was given none.</summary>
    internal static string UsualName => $"member-{Environment.ProcessId}";

    /// <param name="named">How messages call a setting.</param>
    /// <exception cref="UsageException">The name is not allowed, or the address is not one of this machine.</exception>
    internal void Require(Func<string, string> named)
    {
        if (!MemberRef.IsValidName(Name) || Name == Roles.Seed || Name.StartsWith(Roles.ConsolePrefix, StringComparison.Ordinal))
        {
            throw new UsageException(
                $"{named("name")} is '{Name}', allowed are 1 to 64 of A-Z a-z 0-9 . _ -, not '{Roles.Seed}' and not beginning with '{Roles.ConsolePrefix}'");
        }

        if (TensorAddress is { } address)
        {
            TcpAddress.RequireOwn(named("tensor-address"), address);
        }
    }
}
