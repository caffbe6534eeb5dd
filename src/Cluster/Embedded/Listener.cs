using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorRing.Cluster.Embedded.Links;
using ActorRing.Cluster.Embedded.Security;
using ActorRing.Cluster.Embedded.Wire;
using ActorRing.Cluster.Hosting.Engine.Wire;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Embedded;

/// <summary>Serves one connection; calls <c>established</c> once it knows who is there.</summary>
internal delegate Task Serve(Link link, Action established, CancellationToken handshake);

/// <summary>Accepts connections. Whatever a peer does ends that connection and is counted; nothing that comes in ends the listener.</summary>
internal sealed class Listener : IAsyncDisposable
{
    private const int Backlog = 512;
    private const byte TlsHandshake = 22; // type of a TLS record, RFC 8446 5.1
    private readonly EmbeddedSettings _settings;
    private readonly Serve _serve;
    private readonly RefusalLog _refusals;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, int> _pending = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly Task _accepting;
    private long _refused;

    private Listener(EmbeddedSettings settings, Serve serve, Socket socket)
    {
        _settings = settings;
        _serve = serve;
        _refusals = new RefusalLog(settings.Log, settings.Time);
        _socket = socket;
        Address = settings.Address.UnixPath is null ? EngineAddress.Parse(socket.LocalEndPoint!.ToString()!) : settings.Address;
        _accepting = Task.Run(AcceptAsync);
    }

    internal EngineAddress Address { get; }

    internal long Refused => Interlocked.Read(ref _refused);

    /// <exception cref="IOException">One line: the address is taken, or cannot be listened on.</exception>
    internal static Listener Start(EmbeddedSettings settings, Serve serve)
    {
        var socket = settings.Address.NewSocket();
        try
        {
            if (settings.Address.UnixPath is { } path)
            {
                Hosting.Store.PrivateFolder.Ensure(Path.GetDirectoryName(path)!);
                RemoveStale(settings.Address, path);
            }

            socket.Bind(settings.Address.EndPoint);
            socket.Listen(Backlog);
            return new Listener(settings, serve, socket);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new IOException($"address {settings.Address}: cannot be listened on: {failure.Message}", failure);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_settings.Address.UnixPath is { } path && File.Exists(path))
        {
            File.Delete(path); // while it is still ours: once we are gone, the next seed may have made its own
        }

        _socket.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_connections.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    // A seed that was killed leaves its socket behind. One that answers is alive and keeps it.
    private static void RemoveStale(EngineAddress address, string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = address.NewSocket();
        try
        {
            probe.Connect(address.EndPoint);
        }
        catch (SocketException)
        {
            File.Delete(path);
            return;
        }

        throw new IOException($"address {address}: another seed listens there");
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _socket.AcceptAsync(_stop.Token).ConfigureAwait(false);
                var serving = ServeAsync(socket);
                _connections.TryAdd(serving, 0);
                _ = serving.ContinueWith(done => _connections.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
            catch (SocketException)
            {
                // The peer went before it was accepted, or files are short: others may have better luck in a moment.
                await Task.Delay(TimeSpan.FromMilliseconds(5), _settings.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await Task.Yield(); // the accepting loop goes on with the next one
        using var owned = socket;
        var address = (socket.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "local";
        var pending = true;
        try
        {
            if (_pending.AddOrUpdate(address, 1, (_, count) => count + 1) > _settings.PendingPerAddress)
            {
                throw new RefusedException("too many of its connections have not said who they are");
            }

            if (_settings.Address.IsLocal && !PeerUser.IsSelf(socket))
            {
                throw new RefusedException("it is of another user of this machine");
            }

            using var limit = new CancellationTokenSource(_settings.HandshakeTimeout, _settings.Time);
            using var handshake = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
            await using var link = new Link(socket, await OpenAsync(socket, handshake.Token).ConfigureAwait(false), _settings);
            await _serve(link, Establish, handshake.Token).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // Anything at all that a stranger can bring about, those of TLS included, is his problem and not the listener's.
            Interlocked.Increment(ref _refused);
            if (ReasonOf(failure) is { } reason)
            {
                _refusals.Say($"refused {address}: {reason}");
            }
        }
        finally
        {
            Establish();
        }

        void Establish()
        {
            if (pending)
            {
                pending = false;
                if (_pending.AddOrUpdate(address, 0, (_, count) => count - 1) <= 0)
                {
                    _pending.TryRemove(KeyValuePair.Create(address, 0));
                }
            }
        }
    }

    // Null where it was not this side that ended it.
    private string? ReasonOf(Exception failure) => failure switch
    {
        RefusedException refusal => refusal.Message,
        WireException flaw => $"what it says is not of a member: {flaw.Message}",
        OperationCanceledException when !_stop.IsCancellationRequested => string.Create(
            CultureInfo.InvariantCulture, $"it has not said who it is within {_settings.HandshakeTimeout.TotalSeconds:0.#} s"),
        _ => null,
    };

    private async Task<Stream> OpenAsync(Socket socket, CancellationToken ct)
    {
        if (_settings.Address.UnixPath is null)
        {
            socket.NoDelay = true;
        }

        var plain = new NetworkStream(socket, ownsSocket: false);
        if (_settings.Tls is not { } tls)
        {
            return plain;
        }

        // Who speaks first in TLS is the client, and its first byte is always the same.
        var first = new byte[1];
        return await socket.ReceiveAsync(first, SocketFlags.Peek, ct).ConfigureAwait(false) == 1 && first[0] != TlsHandshake
            ? throw new RefusedException("it speaks plain text, and this port TLS only")
            : await tls.AcceptAsync(plain, ct).ConfigureAwait(false);
    }
}
