using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Hosting.Telemetry.Http;
using ActorRing.Cluster.Hosting.Web;
using ActorRing.Cluster.Specs.Telemetry;

namespace ActorRing.Cluster.Specs.Web;

public sealed class LiveStreamSpec : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private readonly Instruments _instruments = new(new FixedTime());
    private readonly LiveBoard _board = new(new FixedTime());
    private readonly TelemetryPages _pages;
    private TelemetryServer _server = null!;

    public LiveStreamSpec() => _pages = new TelemetryPages(_instruments, () => null, () => null, withRuntime: false, _board);

    public Task InitializeAsync()
    {
        _server = Start(LiveLimits.Default);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose()
    {
        _pages.Dispose();
        _instruments.Dispose();
    }

    [Fact]
    public async Task Stream_must_send_the_whole_and_then_each_change_for_longer_than_a_request_may_take()
    {
        await using var server = TelemetryServer.Start(_pages, 0, null, HttpLimits.Default with { Request = TimeSpan.FromMilliseconds(500), Live = LiveLimits.Default });
        _board.Take(Rows.Step(1), null);
        using var reader = await OpenAsync(server);
        Assert.Equal("HTTP/1.1 200 OK", reader.Head[0]);
        Assert.Contains("Content-Type: text/event-stream", reader.Head);
        Assert.DoesNotContain(reader.Head, line => line.StartsWith("Content-Length", StringComparison.Ordinal));
        Assert.Equal(1, Assert.Single((await reader.NextAsync()).Steps));
        for (var step = 2; step <= 5; step++)
        {
            // Each comes no sooner than a batch after the one before: together they outlast the request's limit.
            _board.Take(Rows.Step(step), null);
            var news = await reader.NextAsync();
            Assert.Equal("change", news.Name);
            Assert.Equal(step, Assert.Single(news.Steps));
        }
    }

    [Fact]
    public async Task Stream_must_put_what_changes_within_a_batch_into_one_event()
    {
        await using var server = Start(LiveLimits.Default with { Batch = TimeSpan.FromSeconds(2) });
        using var reader = await OpenAsync(server);
        Assert.Empty((await reader.NextAsync()).Steps);
        for (var step = 1; step <= 100; step++)
        {
            _board.Take(Rows.Step(step), null);
        }

        var steps = (await reader.NextAsync()).Steps;
        Assert.Equal(Enumerable.Range(1, 100).Select(step => (long)step), steps);
    }

    [Fact]
    public async Task Stream_must_send_a_comment_when_nothing_changes()
    {
        await using var server = Start(LiveLimits.Default with { Batch = TimeSpan.FromMilliseconds(1), Beat = TimeSpan.FromMilliseconds(1) });
        using var reader = await OpenAsync(server);
        await reader.NextAsync();
        Assert.Equal(":", await reader.LineAsync());
        Assert.Equal("", await reader.LineAsync());
    }

    [Fact]
    public async Task Stream_must_refuse_one_page_too_many_and_say_what_is_allowed()
    {
        await using var server = Start(LiveLimits.Default with { Streams = 2 });
        using var first = await OpenAsync(server);
        using var second = await OpenAsync(server);
        await second.NextAsync();
        await first.NextAsync();
        using var third = await OpenAsync(server);
        Assert.Equal("HTTP/1.1 503 Service Unavailable", third.Head[0]);
        Assert.Equal("allowed: 2 open pages", await third.LineAsync());
        Assert.Equal(2, _board.Watchers);
    }

    [Fact]
    public async Task Stream_must_give_up_a_page_that_does_not_read()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndPoint!);
        using var served = await listener.AcceptAsync();
        _board.Put("members", Encoding.ASCII.GetBytes($"\"{new string('x', 16 << 20)}\""));
        var serving = LiveStream.RunAsync(served, _board, LiveLimits.Default with { Send = TimeSpan.FromMilliseconds(200) }, default);
        // While its bytes wait, the board goes on taking what comes.
        _board.Take(Rows.Step(1), null);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving.WaitAsync(Long));
    }

    [Fact]
    public async Task Stream_must_end_when_the_page_is_closed()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndPoint!);
        using var served = await listener.AcceptAsync();
        var serving = LiveStream.RunAsync(served, _board, LiveLimits.Default, default);
        client.Dispose();
        var end = await Assert.ThrowsAnyAsync<Exception>(() => serving.WaitAsync(Long));
        Assert.True(end is OperationCanceledException or SocketException, end.ToString());
    }

    [Theory]
    [InlineData("/", "text/html; charset=utf-8")]
    [InlineData("/page.js", "text/javascript; charset=utf-8")]
    [InlineData("/charts.js", "text/javascript; charset=utf-8")]
    [InlineData("/page.css", "text/css; charset=utf-8")]
    [InlineData("/favicon.ico", "image/svg+xml")]
    public async Task Page_must_be_served_under_a_policy_that_lets_nothing_else_run(string path, string type)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{_server.Address.Port}{path}"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(type, answer.Content.Headers.ContentType!.ToString());
        Assert.StartsWith("default-src 'self';", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Theory]
    [InlineData("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors", 403)]
    [InlineData("Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors", 403)]
    [InlineData("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate", 200)]
    [InlineData("Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors", 200)]
    public async Task Page_must_not_be_answered_to_other_sites(string headers, int status)
    {
        using var reader = await OpenAsync(_server, "/page.js", headers + "\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", reader.Head[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Page_must_weigh_less_than_two_hundred_kilobytes() => Assert.InRange(WebAssets.Bytes, 10_000, 200_000);

    [Fact]
    public void Page_must_set_what_comes_from_the_cluster_as_text_alone()
    {
        foreach (var path in (string[])["/page.js", "/charts.js", "/"])
        {
            var source = Encoding.UTF8.GetString(WebAssets.Find(path)!.Value.Body);
            Assert.DoesNotMatch("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|eval\\(|new Function|DOMParser|style=|onclick|https?://(?!www\\.w3\\.org)", source);
        }
    }

    private TelemetryServer Start(LiveLimits limits) => TelemetryServer.Start(_pages, 0, null, HttpLimits.Default with { Live = limits });

    private static Task<StreamReading> OpenAsync(TelemetryServer server, string path = "/events", string headers = "") => StreamReading.OpenAsync(server.Address, path, headers, Long);
}
