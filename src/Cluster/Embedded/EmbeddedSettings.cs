using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Embedded;

/// <summary>What seed and members of one cluster share. The defaults suit one machine.</summary>
public sealed record EmbeddedSettings
{
    /// <summary>Where the seed listens.</summary>
    public required EngineAddress Address { get; init; }

    /// <summary>The secret both sides prove to know.</summary>
    public required ClusterToken Token { get; init; }

    /// <summary>Version of the program: seed and members must have the same, for their messages are only compared by it.</summary>
    public required string AppVersion { get; init; }

    /// <summary>Certificates; must be set for any address that other machines can reach.</summary>
    public EngineTls? Tls { get; init; }

    /// <summary>How often a sign of life is sent. Default 100 ms: with <see cref="MissedBeats"/> a stopped process is noticed within a second.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How many heartbeats in a row may be missed before a connection is given up: at the seventh. Default 6: under four times as much work as there are cores the
    /// longest gap between two heartbeats was 0.4 s.
    /// </summary>
    public int MissedBeats { get; init; } = 6;

    /// <summary>How long an unknown peer may take to prove who it is. Default 5 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes that may wait for one peer before frames are dropped. Default 8 MiB.</summary>
    public int OutboxBytes { get; init; } = 8 << 20;

    /// <summary>Connections of one remote address that may be in their handshake at a time; more are closed at once. Default 64.</summary>
    public int PendingPerAddress { get; init; } = 64;

    /// <summary>Names the seed keeps at a time, gone ones included. Default 4,096.</summary>
    public int LargestCluster { get; init; } = 4096;

    /// <summary>Frames per second the seed reads from one member before it slows that one down. Default 100,000.</summary>
    public int FramesPerSecond { get; init; } = 100_000;

    /// <summary>Told in one line why a peer is refused, or why joining fails; from any thread, must not block. Default: nobody.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>
    /// Whether this member's process is a program that has other things to do. The seed of its machine never kills it then; it shuts out a member that hangs. Default: no.
    /// </summary>
    public bool SharesProcess { get; init; }

    /// <summary>The clock of heartbeats and time limits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <exception cref="InvalidOperationException">Other machines can reach the address and there are no certificates.</exception>
    internal void RequireSafety()
    {
        if (!Address.IsLocal && Tls is null)
        {
            throw new InvalidOperationException($"address {Address}: other machines can reach it, so certificates are needed (mutual TLS 1.3); set them, or use 127.0.0.1 or unix:PATH");
        }
    }
}
