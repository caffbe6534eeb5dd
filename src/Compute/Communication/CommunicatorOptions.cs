using System.Security.Cryptography;
using ActorRing.Native;

namespace ActorRing.Compute.Communication;

/// <summary>How the ranks of a group talk.</summary>
public sealed record CommunicatorOptions
{
    /// <summary>How bytes travel.</summary>
    public TransportKind Transport { get; init; } = TransportKind.SharedMemory;

    /// <summary>Which communicator of a job this is ("kv", "dkv"): several may stand side by side under one epoch and one secret, and never admit each other's ranks.</summary>
    public string Name { get; init; } = "ring";

    /// <summary>Counted from the start of each operation: it fails with <see cref="CommunicationFailure.TimedOut"/> when it is not complete by then. Includes the time a slow
    /// neighbour computes before it takes part. At least 1 ms.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For making the communicator: all ranks must have come by then. At least 1 ms.</summary>
    public TimeSpan ConnectDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Random bytes that only the ranks of this epoch know; at least 16. Proven by both sides of every connection, never sent.</summary>
    public ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>Gloo: the local address to bind. Loopback unless it is set: Gloo's traffic is not encrypted.</summary>
    public string? Host { get; init; }

    /// <summary>NCCL: which GPU.</summary>
    public int DeviceIndex { get; init; }

    /// <summary>Whether every transfer carries a checksum, and bytes that are others when they are used, or let go of, fail it with <see cref="CommunicationFailure.Damaged"/>, naming
    /// the rank in whose memory they changed. Costs one more reading of what is sent on either side. Not over NCCL.</summary>
    public bool Verifies { get; init; }

    /// <summary>A secret for one epoch.</summary>
    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(32);

    // Another name is another secret: a mixed-up endpoint is refused.
    internal byte[] SecretOfName()
    {
        if (Secret.Length < 16)
        {
            throw new ArgumentException($"the secret has {Secret.Length} bytes, must have at least 16");
        }

        return HMACSHA256.HashData(Secret.Span, System.Text.Encoding.UTF8.GetBytes("actorring communicator " + Name));
    }
}
