using System.Net;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Akka;

/// <summary>What seed and members of one cluster share.</summary>
public sealed record AkkaSettings
{
    /// <summary>Where this process listens; port 0 takes any.</summary>
    public required IPEndPoint Bind { get; init; }

    /// <summary>Where the seed listens; null at the seed itself.</summary>
    public IPEndPoint? Seed { get; init; }

    /// <summary>
    /// Certificates of the cluster. Whoever has one can do everything that a member can: Akka does not tell actors whose certificate a message came under.
    /// </summary>
    public required EngineTls Tls { get; init; }

    /// <summary>Version of the program: seed and members must have the same, for their messages are only compared by it.</summary>
    public required string AppVersion { get; init; }

    /// <summary>Bytes that may wait for one peer before frames are dropped. Default 8 MiB.</summary>
    public int OutboxBytes { get; init; } = 8 << 20;

    /// <summary>Names the seed keeps at a time, gone ones included. Default 4,096.</summary>
    public int LargestCluster { get; init; } = 4096;

    /// <summary>Told in one line what goes wrong; from any thread, must not block. Default: nobody.</summary>
    public Action<string> Log { get; init; } = _ => { };
}
