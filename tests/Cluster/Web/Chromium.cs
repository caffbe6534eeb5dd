using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ActorRing.Cluster.Specs.Web;

/// <summary>A browser without a window and one page of it, driven by the DevTools protocol.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private const string Listening = "DevTools listening on ";
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly string _folder;
    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _asked = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _listening = Task.CompletedTask;
    private TaskCompletionSource _loaded = new();
    private string? _session;
    private int _last;

    private Chromium(Process process, string folder) => (_process, _folder) = (process, folder);

    /// <summary>Errors and warnings that the page's console showed.</summary>
    internal ConcurrentQueue<string> Complaints { get; } = [];

    internal static async Task<Chromium> StartAsync(int width, int height)
    {
        var folder = Directory.CreateTempSubdirectory("actorring-chromium-").FullName;
        var start = new ProcessStartInfo(ChromiumFactAttribute.Path!)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-extensions",
                "--remote-debugging-port=0", $"--user-data-dir={folder}", "about:blank",
            },
        };
        var address = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var browser = new Chromium(new Process { StartInfo = start }, folder);
        browser._process.ErrorDataReceived += (_, said) =>
        {
            if (said.Data is { } line && line.StartsWith(Listening, StringComparison.Ordinal))
            {
                address.TrySetResult(new Uri(line[Listening.Length..]));
            }
        };
        browser._process.Start();
        try
        {
            browser._process.BeginErrorReadLine();
            browser._process.BeginOutputReadLine();
            await browser.AttachAsync(await address.Task.WaitAsync(Long), width, height);
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    internal Task ResizeAsync(int width, int height) => AskAsync("Emulation.setDeviceMetricsOverride", new { width, height, deviceScaleFactor = 1, mobile = false });

    internal Task PreferAsync(string scheme) => AskAsync("Emulation.setEmulatedMedia", new { features = new[] { new { name = "prefers-color-scheme", value = scheme } } });

    /// <summary>Ends when the page's scripts have run for the first time.</summary>
    internal async Task OpenAsync(Uri address)
    {
        _loaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await AskAsync("Page.navigate", new { url = address.ToString() });
        await _loaded.Task.WaitAsync(Long);
    }

    internal async Task PressAsync(string key)
    {
        await AskAsync("Input.dispatchKeyEvent", new { type = "rawKeyDown", key, code = key });
        await AskAsync("Input.dispatchKeyEvent", new { type = "keyUp", key, code = key });
    }

    /// <summary>The value of an expression of the page, or what its promise ends with.</summary>
    internal async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var answer = await AskAsync("Runtime.evaluate", new { expression, awaitPromise = true, returnByValue = true });
        Assert.True(answer["exceptionDetails"] is null, answer.ToJsonString());
        return answer["result"]!["value"];
    }

    /// <summary>Ends as soon as an expression of the page is true; told by the page itself.</summary>
    internal Task WhenAsync(string expression) => EvaluateAsync(
        $"new Promise(done => {{ const ok = () => ({expression}); if (ok()) done(true); else new MutationObserver((_, o) => {{ if (ok()) {{ o.disconnect(); done(true); }} }})" +
        ".observe(document, { subtree: true, childList: true, characterData: true, attributes: true }); })");

    internal async Task<byte[]> PictureAsync() => Convert.FromBase64String((string)(await AskAsync("Page.captureScreenshot", new { captureBeyondViewport = true }))["data"]!);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listening;
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _stop.Dispose();
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // A process of the browser was still writing; the folder is temporary.
        }
    }

    private async Task AttachAsync(Uri address, int width, int height)
    {
        await _socket.ConnectAsync(address, _stop.Token);
        _listening = ListenAsync();
        var target = await AskAsync("Target.createTarget", new { url = "about:blank" });
        _session = (string)(await AskAsync("Target.attachToTarget", new { targetId = (string)target["targetId"]!, flatten = true }))["sessionId"]!;
        foreach (var domain in (string[])["Page", "Runtime", "Log"])
        {
            await AskAsync($"{domain}.enable", new { });
        }

        await ResizeAsync(width, height);
    }

    private async Task<JsonNode> AskAsync(string method, object parameters)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = _asked[id] = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        var message = JsonSerializer.SerializeToUtf8Bytes(_session is null ? (object)new { id, method, @params = parameters } : new { id, method, @params = parameters, sessionId = _session });
        await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, _stop.Token);
        try
        {
            return await answer.Task.WaitAsync(Long);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"the browser did not answer: {method} {JsonSerializer.Serialize(parameters)}; its console: {string.Join('\n', Complaints)}");
        }
    }

    private async Task ListenAsync()
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (true)
            {
                using var message = new MemoryStream();
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await _socket.ReceiveAsync(buffer.AsMemory(), _stop.Token);
                    message.Write(buffer, 0, part.Count);
                }
                while (!part.EndOfMessage);
                Take(JsonNode.Parse(message.ToArray())!);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or WebSocketException or JsonException)
        {
            foreach (var asked in _asked.Values)
            {
                asked.TrySetException(end);
            }
        }
    }

    private void Take(JsonNode message)
    {
        if (message["id"] is { } id && _asked.TryRemove((int)id, out var asked))
        {
            if (message["error"] is { } error)
            {
                asked.SetException(new InvalidOperationException(error.ToJsonString()));
            }
            else
            {
                asked.SetResult(message["result"]!);
            }

            return;
        }

        if ((string?)message["method"] == "Page.loadEventFired")
        {
            _loaded.TrySetResult();
        }

        var isComplaint = (string?)message["method"] switch
        {
            "Runtime.exceptionThrown" => true,
            "Runtime.consoleAPICalled" => (string?)message["params"]!["type"] is "error" or "warning" or "assert",
            "Log.entryAdded" => (string?)message["params"]!["entry"]!["level"] is "error" or "warning",
            _ => false,
        };
        if (isComplaint)
        {
            Complaints.Enqueue(message["params"]!.ToJsonString());
        }
    }
}
