using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ActorRing.Cluster.Specs.Telemetry;

/// <summary>A collector of OTLP over HTTP that keeps what it gets, or never answers.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(string Path, string Body)> _requests = [];
    private readonly bool _answers;
    private readonly Task _accepting;

    internal Collector(bool answers)
    {
        _answers = answers;
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    internal string Address => $"http://{_listener.LocalEndpoint}";

    /// <summary>Ends with the first request.</summary>
    internal TaskCompletionSource First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal (string Path, string Body)[] Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                while (await ReadAsync(stream) is { } request)
                {
                    lock (_requests)
                    {
                        _requests.Add(request);
                    }

                    First.TrySetResult();
                    if (!_answers)
                    {
                        await Task.Delay(Timeout.Infinite, _stop.Token);
                    }

                    await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _stop.Token);
                }
            }
            catch (Exception fault) when (fault is IOException or OperationCanceledException)
            {
                // The exporter is gone, or the spec is over.
            }
        }
    }

    private async Task<(string Path, string Body)?> ReadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        var lines = head.ToString().Split("\r\n");
        var length = int.Parse(lines.Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
        var body = new byte[length];
        await stream.ReadExactlyAsync(body, _stop.Token);
        return (lines[0].Split(' ')[1], Encoding.Latin1.GetString(body));
    }
}
