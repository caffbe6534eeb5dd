using System.Diagnostics;
using System.Security.Cryptography;
using ActorRing.Native;

namespace ActorRing.Compute.Communication;

/// <summary>A communicator of which only this rank's side is open: for callers that carry endpoints themselves and learn the secret last.</summary>
/// <remarks>Owned by the caller until <see cref="Connect"/>, which gives what it holds to the communicator, or frees it if that fails.</remarks>
public sealed class CommunicatorEndpoint : IDisposable
{
    private readonly NativeCommunicator _native;
    private readonly CommunicatorOptions _options;
    private readonly long _epoch;

    private CommunicatorEndpoint(NativeCommunicator native, CommunicatorOptions options, long epoch)
    {
        _native = native;
        _options = options;
        _epoch = epoch;
        Bytes = native.Endpoint();
    }

    /// <summary>What the other ranks need, opaque.</summary>
    public byte[] Bytes { get; }

    /// <summary>Opens this rank's side. Nobody is admitted yet.</summary>
    /// <param name="options">The same on every rank, but for the device; its secret may be missing.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="size">Ranks in the group.</param>
    /// <param name="epoch">Above every earlier epoch of the group.</param>
    /// <exception cref="NotSupportedException">The transport is not to be had here; the message names what is missing.</exception>
    public static CommunicatorEndpoint Open(CommunicatorOptions options, int rank, int size, long epoch)
    {
        ArgumentNullException.ThrowIfNull(options);

        // Until the secret comes: one that nobody knows.
        var secret = options.Secret.IsEmpty ? RandomNumberGenerator.GetBytes(32) : options.SecretOfName();
        return new CommunicatorEndpoint(NativeCommunicator.Listen(options.Transport, rank, size, epoch, secret, options.Host, options.DeviceIndex, options.Verifies), options, epoch);
    }

    /// <summary>Connects to all ranks. Every rank of the group must do so. To be called once.</summary>
    /// <param name="endpoints">Of all ranks, in rank order.</param>
    /// <param name="secret">Of the epoch, at least 16 bytes; empty for that of the options.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="CommunicationException">A rank was refused, was lost or did not come.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Communicator Connect(IReadOnlyList<byte[]> endpoints, ReadOnlyMemory<byte> secret = default, CancellationToken cancellation = default) =>
        ConnectWithin(_options.ConnectDeadline, endpoints, secret, cancellation);

    internal Communicator ConnectWithin(TimeSpan deadline, IReadOnlyList<byte[]> endpoints, ReadOnlyMemory<byte> secret, CancellationToken cancellation)
    {
        try
        {
            if (!secret.IsEmpty)
            {
                _native.SetSecret((_options with { Secret = secret }).SecretOfName());
            }

            using var abort = cancellation.Register(() => _native.Abort("cancelled"));
            _native.Connect(endpoints, Math.Max(1, (long)deadline.TotalMilliseconds));
            return new Communicator(_native, _options.Transport, _epoch, _options.Deadline);
        }
        catch (Exception error)
        {
            _native.Dispose();
            cancellation.ThrowIfCancellationRequested();
            throw error is TransportException cause ? new CommunicationException(cause) : error;
        }
    }

    /// <summary>Frees an endpoint that was never connected.</summary>
    public void Dispose() => _native.Dispose();
}
