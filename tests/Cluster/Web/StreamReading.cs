using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ActorRing.Cluster.Specs.Web;

/// <summary>A client that reads a stream line by line.</summary>
internal sealed class StreamReading : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly CancellationTokenSource _limit;
    private StreamReader _reader = null!;

    private StreamReading(TimeSpan limit) => _limit = new CancellationTokenSource(limit);

    /// <summary>Status line and headers.</summary>
    internal List<string> Head { get; } = [];

    internal static async Task<StreamReading> OpenAsync(IPEndPoint address, string path, string headers, TimeSpan limit)
    {
        var reading = new StreamReading(limit);
        await reading._client.ConnectAsync(address, reading._limit.Token);
        await reading._client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"), reading._limit.Token);
        reading._reader = new StreamReader(reading._client.GetStream());
        for (var line = await reading.LineAsync(); line.Length > 0; line = await reading.LineAsync())
        {
            reading.Head.Add(line);
        }

        return reading;
    }

    internal async Task<string> LineAsync() => await _reader.ReadLineAsync(_limit.Token) ?? throw new IOException("the stream has ended");

    internal async Task<LiveEvent> NextAsync()
    {
        var frame = $"{await LineAsync()}\n{await LineAsync()}\n{await LineAsync()}\n";
        return LiveEvent.Parse(Encoding.UTF8.GetBytes(frame));
    }

    public void Dispose()
    {
        _client.Dispose();
        _limit.Dispose();
    }
}
