using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Hosting.Telemetry.Http;

namespace ActorRing.Cluster.Specs.Telemetry;

public sealed class TelemetryServerSpec : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private readonly Instruments _instruments = new(new FixedTime());
    private readonly TelemetryPages _pages;
    private TelemetryServer _server = null!;
    private string? _live;
    private string? _ready;

    public TelemetryServerSpec() => _pages = new TelemetryPages(_instruments, () => _live, () => _ready == "throw" ? throw new InvalidOperationException("secret") : _ready, withRuntime: false);

    public Task InitializeAsync()
    {
        _server = TelemetryServer.Start(_pages, 0);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose()
    {
        _pages.Dispose();
        _instruments.Dispose();
    }

    [Fact]
    public async Task Server_must_listen_on_this_machine_alone_and_answer_an_ordinary_client()
    {
        Assert.Equal(IPAddress.Loopback, _server.Address.Address);
        _instruments.SetMembersUp(3);
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{_server.Address.Port}/metrics?x=1"));
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal(3, StrictPrometheus.Parse(await answer.Content.ReadAsStringAsync())["actorring_members_up"]);
    }

    [Theory]
    [InlineData("/healthz/live")]
    [InlineData("/alive")]
    public async Task Server_must_tell_whether_the_process_is_alive(string path)
    {
        Assert.EndsWith("\r\n\r\nlive\n", await Get(path), StringComparison.Ordinal);
        _ready = "no coordinator";
        Assert.StartsWith("HTTP/1.1 200 ", await Get(path), StringComparison.Ordinal);
        _live = "left the\ncluster";
        var answer = await Get(path);
        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nnot live: left the cluster\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/healthz/ready")]
    [InlineData("/health")]
    public async Task Server_must_tell_whether_the_process_is_ready(string path)
    {
        Assert.EndsWith("\r\n\r\nready\n", await Get(path), StringComparison.Ordinal);
        _ready = "draining";
        Assert.EndsWith("\r\n\r\nnot ready: draining\n", await Get(path), StringComparison.Ordinal);
        _ready = "throw";
        var answer = await Get(path);
        Assert.StartsWith("HTTP/1.1 500 ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 404)]
    [InlineData("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 405)]
    [InlineData("GET /metrics HTTP/2.0\r\nHost: localhost\r\n\r\n", 505)]
    [InlineData("GET /metrics\r\n\r\n", 400)]
    [InlineData("GET http://other/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 400)]
    [InlineData("GET /metrics HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /metrics HTTP/1.0\r\n\r\n", 200)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 200)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: [::1]:1\r\n\r\n", 200)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\r\n", 200)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://localhost:2\r\n\r\n", 403)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", 403)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n\r\n", 403)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", 400)]
    [InlineData("\r\n\r\n", 400)]
    public async Task Server_must_answer_with_the_status_of_the_request(string request, int status) =>
        Assert.StartsWith($"HTTP/1.1 {status} ", await Exchange(_server, Encoding.ASCII.GetBytes(request)), StringComparison.Ordinal);

    [Fact]
    public async Task Server_must_send_the_head_alone_when_asked_for_it()
    {
        var answer = await Exchange(_server, "HEAD /alive HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        Assert.Contains("Content-Length: 5\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4096, 200)]
    [InlineData(4097, 414)]
    public async Task Server_must_refuse_a_request_line_beyond_its_limit(int length, int status)
    {
        var line = "GET /alive?" + new string('x', length - "GET /alive? HTTP/1.1".Length) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        Assert.StartsWith($"HTTP/1.1 {status} ", await Exchange(_server, Encoding.ASCII.GetBytes(line)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_must_refuse_a_head_that_never_ends()
    {
        Assert.StartsWith("HTTP/1.1 414 ", await Exchange(_server, Enumerable.Repeat((byte)'x', 20_000).ToArray()), StringComparison.Ordinal);
        var head = "GET /alive HTTP/1.1\r\nHost: localhost\r\n" + string.Concat(Enumerable.Repeat("X: yyyyyyyyyyyy\r\n", 2000));
        Assert.StartsWith("HTTP/1.1 431 ", await Exchange(_server, Encoding.ASCII.GetBytes(head)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_must_close_a_connection_that_is_too_slow()
    {
        await using var server = TelemetryServer.Start(_pages, 0, null, HttpLimits.Default with { Request = TimeSpan.FromMilliseconds(50) });
        Assert.Equal("", await Exchange(server, "GET /alive HT"u8.ToArray()));
    }

    [Fact]
    public async Task Server_must_refuse_one_connection_too_many_and_serve_again_when_there_is_room()
    {
        await using var server = TelemetryServer.Start(_pages, 0, null, HttpLimits.Default with { Connections = 1, Request = Long });
        using (var first = new TcpClient())
        {
            await first.ConnectAsync(server.Address);
            Assert.StartsWith("HTTP/1.1 503 ", await Exchange(server, []), StringComparison.Ordinal);
            await first.GetStream().WriteAsync("GET /alive HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
            using var reader = new StreamReader(first.GetStream());
            Assert.EndsWith("live\n", await reader.ReadToEndAsync(), StringComparison.Ordinal);
        }

        // Served again once the server has seen the end of the first; until then it may say that it is busy.
        using var limit = new CancellationTokenSource(Long);
        string answer;
        do
        {
            answer = await Exchange(server, "GET /alive HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        }
        while (answer.StartsWith("HTTP/1.1 503 ", StringComparison.Ordinal) && !limit.IsCancellationRequested);
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void Server_must_name_the_address_when_it_is_taken()
    {
        var refusal = Assert.Throws<IOException>(() => TelemetryServer.Start(_pages, _server.Address.Port));
        Assert.StartsWith($"metrics address: {_server.Address}: Address already in use; allowed: ", refusal.Message, StringComparison.Ordinal);
    }

    private Task<string> Get(string path) => Exchange(_server, Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));

    private static async Task<string> Exchange(TelemetryServer server, byte[] request)
    {
        using var client = new TcpClient();
        using var limit = new CancellationTokenSource(Long);
        await client.ConnectAsync(server.Address, limit.Token);
        var answer = new MemoryStream();
        try
        {
            await client.GetStream().WriteAsync(request, limit.Token);
            await client.GetStream().CopyToAsync(answer, limit.Token);
        }
        catch (IOException)
        {
            // Reset after the answer: what was sent was more than the server reads.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
