using System.Net;
using System.Net.Sockets;
using ActorRing.Cluster.Hosting.Web;

namespace ActorRing.Cluster.Hosting.Telemetry.Http;

/// <summary>Answers <c>GET</c> on the pages of <see cref="TelemetryPages"/>, one request per connection, within limits: whatever a client does costs that client.</summary>
/// <remarks>Started and disposed by the composition root. Runs on the thread pool. Plain HTTP without secrets: it listens on 127.0.0.1 unless told otherwise.</remarks>
public sealed class TelemetryServer : IAsyncDisposable
{
    private const int Backlog = 128;
    private static readonly byte[] Busy = HttpAnswer.Line(503, "too many connections").ToBytes(withBody: true);
    private readonly TelemetryPages _pages;
    private readonly HttpLimits _limits;
    private readonly Socket _listener;
    private readonly bool _isLocal;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _open;

    private TelemetryServer(Socket listener, TelemetryPages pages, HttpLimits limits)
    {
        _listener = listener;
        _pages = pages;
        _limits = limits;
        Address = (IPEndPoint)listener.LocalEndPoint!;
        _isLocal = IPAddress.IsLoopback(Address.Address);
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens, with the port that it got.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Starts to listen.</summary>
    /// <param name="pages">What is shown; the caller goes on owning it.</param>
    /// <param name="port">0 for any that is free.</param>
    /// <param name="address">Null for 127.0.0.1.</param>
    /// <exception cref="IOException">One line: the address is taken or is not one of this machine.</exception>
    public static TelemetryServer Start(TelemetryPages pages, int port, IPAddress? address = null) => Start(pages, port, address, HttpLimits.Default);

    internal static TelemetryServer Start(TelemetryPages pages, int port, IPAddress? address, HttpLimits limits)
    {
        if (port is < 0 or > 65535)
        {
            throw new IOException($"metrics port: {port}; allowed: 0 to 65535");
        }

        var endpoint = new IPEndPoint(address ?? IPAddress.Loopback, port);
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endpoint);
            socket.Listen(Backlog);
        }
        catch (SocketException fault)
        {
            socket.Dispose();
            throw new IOException($"metrics address: {endpoint}: {fault.Message.TrimEnd('.')}; allowed: a free port on an address of this machine", fault);
        }

        return new TelemetryServer(socket, pages, limits);
    }

    /// <summary>Stops listening; requests in hand are cut off.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // Aborted by the client, or no descriptor is free; a moment later there may be one.
                await Task.Delay(TimeSpan.FromMilliseconds(10), _stop.Token).ConfigureAwait(false);
                continue;
            }

            if (Interlocked.Increment(ref _open) > _limits.Connections)
            {
                Refuse(client);
            }
            else
            {
                _ = ServeAsync(client);
            }
        }
    }

    private void Refuse(Socket client)
    {
        try
        {
            client.Blocking = false;
            client.Send(Busy);
        }
        catch (SocketException)
        {
            // It is being closed anyway.
        }

        client.Dispose();
        Interlocked.Decrement(ref _open);
    }

    private async Task ServeAsync(Socket client)
    {
        // Off the accepting loop at once: a page is made on the thread that asks for it.
        await Task.Yield();
        try
        {
            using (client)
            using (var limit = new CancellationTokenSource(_limits.Request))
            using (var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token))
            {
                var (answer, withBody) = await AnswerAsync(client, stop.Token).ConfigureAwait(false);
                if (answer.Stream is { } board && withBody)
                {
                    await StreamAsync(client, answer, board, stop.Token).ConfigureAwait(false);
                }
                else
                {
                    await SendAsync(client, answer.ToBytes(withBody), stop.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Too slow, or gone.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    // The head within the limit of a request; what follows lasts as long as the page is open.
    private async Task StreamAsync(Socket client, HttpAnswer answer, LiveBoard board, CancellationToken ct)
    {
        if (!board.TryEnter(_limits.Live.Streams))
        {
            await SendAsync(client, HttpAnswer.Line(503, $"allowed: {_limits.Live.Streams} open pages").ToBytes(withBody: true), ct).ConfigureAwait(false);
            return;
        }

        try
        {
            await client.SendAsync(answer.ToBytes(withBody: false), ct).ConfigureAwait(false);
            await LiveStream.RunAsync(client, board, _limits.Live, _stop.Token).ConfigureAwait(false);
        }
        finally
        {
            board.Leave();
        }
    }

    private async Task<(HttpAnswer Answer, bool WithBody)> AnswerAsync(Socket client, CancellationToken ct)
    {
        var buffer = new byte[_limits.HeadBytes];
        var length = 0;
        while (true)
        {
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                var request = HttpRequest.Parse(buffer.AsSpan(0, end), _isLocal, _limits);
                return (request.Refusal ?? await MakeAsync(request.Path, ct).ConfigureAwait(false), !request.IsHead);
            }

            if (length > _limits.RequestLineBytes && buffer.AsSpan(0, length).IndexOf("\r\n"u8) < 0)
            {
                return (HttpAnswer.Line(414, $"the request line is longer than {_limits.RequestLineBytes} bytes"), true);
            }

            if (length == buffer.Length)
            {
                return (HttpAnswer.Line(431, $"the head is longer than {_limits.HeadBytes} bytes"), true);
            }

            var received = await client.ReceiveAsync(buffer.AsMemory(length), ct).ConfigureAwait(false);
            if (received == 0)
            {
                throw new SocketException((int)SocketError.ConnectionReset);
            }

            length += received;
        }
    }

    private async Task<HttpAnswer> MakeAsync(string path, CancellationToken ct)
    {
        try
        {
            return await Task.Run(() => _pages.Make(path), ct).WaitAsync(ct).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // A health check of the caller's that throws is not healthy; what it says may not be meant for this reader.
            return HttpAnswer.Line(500, $"{path} could not be made: {fault.GetType().Name}");
        }
    }

    private static async Task SendAsync(Socket client, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await client.SendAsync(bytes, ct).ConfigureAwait(false)..];
        }

        // Closing with unread bytes would reset the connection and take the answer back from a client that has not read it yet.
        client.Shutdown(SocketShutdown.Send);
        var rest = new byte[4096];
        for (var reads = 0; reads < 64 && await client.ReceiveAsync(rest, ct).ConfigureAwait(false) > 0; reads++)
        {
        }
    }
}
