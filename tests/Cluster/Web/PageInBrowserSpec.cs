using System.Diagnostics;
using System.Globalization;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Hosting.Telemetry.Http;
using ActorRing.Cluster.Hosting.Web;
using ActorRing.Cluster.Specs.Telemetry;
using ActorRing.Compute.Evaluation.Needle;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.Web;

public sealed class PageInBrowserSpec : IDisposable
{
    private const int Steps = 10_000;
    private const string Evil = "<img src=x onerror=\"document.title='broken'\">";
    private readonly ITestOutputHelper _output;
    private readonly Instruments _instruments = new(new FixedTime());
    private readonly LiveBoard _board = new(new FixedTime());
    private readonly TelemetryPages _pages;

    public PageInBrowserSpec(ITestOutputHelper output)
    {
        _output = output;
        _pages = new TelemetryPages(_instruments, () => null, () => null, withRuntime: false, _board);
    }

    public void Dispose()
    {
        _pages.Dispose();
        _instruments.Dispose();
    }

    [ChromiumFact]
    public async Task Page_must_show_eight_members_and_ten_thousand_updates_without_a_complaint()
    {
        Fill();
        await using var server = TelemetryServer.Start(_pages, 0);
        await using var browser = await Chromium.StartAsync(1280, 900);
        await browser.PreferAsync("light");
        await OpenAsync(browser, server);
        Assert.Equal(9, await Number(browser, "document.querySelectorAll('#members tbody tr').length"));
        Assert.Equal(8, await Number(browser, "document.querySelectorAll('#ring tbody tr').length"));
        Assert.Equal(8, await Number(browser, "document.querySelectorAll('#ring-drawing .rank').length"));
        Assert.Equal(6, await Number(browser, "document.querySelectorAll('#needle td.cell').length"));
        Assert.True(await Number(browser, "document.querySelectorAll('#events li').length") > 2);
        Assert.True(await Number(browser, "[...document.querySelectorAll('canvas')].every(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(x => x)) ? 1 : 0") == 1);

        _board.Show(Answers.Degraded(Answers.Jobs(Steps, 12_000, ranks: 8, name: "long-context <b>8</b>")));
        await browser.WhenAsync("document.getElementById('job-verdict').textContent === 'no TrainingCheckpoint since update 40, for 1 min 30 s: rank 1: no space'");
        Assert.Equal("warn", (string?)await browser.EvaluateAsync("document.querySelector('#jobs tbody tr').className"));

        // What a cluster says is text: the picture that it names is not loaded.
        Assert.Equal(0, await Number(browser, "document.querySelectorAll('img').length"));
        Assert.Contains(Evil, (string?)await browser.EvaluateAsync("document.getElementById('events').textContent"), StringComparison.Ordinal);

        await MeasureAsync(browser);
        await PictureAsync(browser, "light");
        await browser.PreferAsync("dark");
        await PictureAsync(browser, "dark");
        await browser.ResizeAsync(400, 900);
        Assert.Equal(0, await Number(browser, "document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        await PictureAsync(browser, "narrow");
        Assert.Empty(browser.Complaints);
    }

    [ChromiumFact]
    public async Task Page_must_move_along_a_chart_by_keys()
    {
        Fill();
        await using var server = TelemetryServer.Start(_pages, 0);
        await using var browser = await Chromium.StartAsync(1280, 900);
        await OpenAsync(browser, server);
        await browser.EvaluateAsync("document.getElementById('loss').focus()");
        await browser.PressAsync("Home");
        Assert.StartsWith("update 1: ", (string?)await browser.EvaluateAsync("document.getElementById('loss-at').textContent"), StringComparison.Ordinal);
        await browser.PressAsync("End");
        Assert.StartsWith("update 10,000: ", (string?)await browser.EvaluateAsync("document.getElementById('loss-at').textContent"), StringComparison.Ordinal);
        Assert.Empty(browser.Complaints);
    }

    [ChromiumFact]
    public async Task Page_must_say_that_the_seed_is_gone_and_go_on_when_it_is_back()
    {
        Fill();
        var server = TelemetryServer.Start(_pages, 0);
        await using var browser = await Chromium.StartAsync(1280, 900);
        await OpenAsync(browser, server);
        await server.DisposeAsync();
        await browser.WhenAsync("document.getElementById('link').className === 'lost'");
        await using var again = TelemetryServer.Start(_pages, server.Address.Port);
        _board.Take(Rows.Step(Steps + 1), null);
        await browser.WhenAsync("document.getElementById('link').className === 'live' && document.getElementById('loss-at').textContent.startsWith('update 10,001')");
    }

    private static async Task OpenAsync(Chromium browser, TelemetryServer server)
    {
        await browser.OpenAsync(new Uri($"http://127.0.0.1:{server.Address.Port}/"));
        await browser.WhenAsync("document.getElementById('job-title')?.textContent.startsWith('job-1') && document.getElementById('loss-at').textContent.startsWith('update 10,000')");
    }

    private static async Task<double> Number(Chromium browser, string expression) => (double)(await browser.EvaluateAsync(expression))!;

    private async Task MeasureAsync(Chromium browser)
    {
        var paint = await Number(browser, "performance.getEntriesByName('first-contentful-paint')[0].startTime");
        var shift = await Number(
            browser, "new Promise(done => new PerformanceObserver(list => done(list.getEntries().reduce((sum, e) => sum + e.value, 0))).observe({ type: 'layout-shift', buffered: true }) || setTimeout(() => done(0), 300))");
        var heard = browser.WhenAsync("document.getElementById('loss-at').textContent.startsWith('update 10,001')");
        var watch = Stopwatch.StartNew();
        _board.Take(Rows.Step(Steps + 1), null);
        await heard;
        var behind = watch.Elapsed;
        var frame = await Number(
            browser, "new Promise(done => { let n = 0; const begin = performance.now(); const next = () => ++n === 20 ? done((performance.now() - begin) / 20) : requestAnimationFrame(next); requestAnimationFrame(next); })");
        _output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"first paint {paint:F0} ms, layout shift {shift:F3}, an update is seen after {behind.TotalMilliseconds:F0} ms, a frame every {frame:F1} ms, page {WebAssets.Bytes} bytes"));
        Assert.InRange(shift, 0, 0.1);
        Assert.InRange(paint, 0, 10_000); // a machine that is busy with other things paints late
        Assert.InRange(behind.TotalSeconds, 0, 10);
    }

    // Pictures for people, where somebody wants them.
    private static async Task PictureAsync(Chromium browser, string name)
    {
        if (Environment.GetEnvironmentVariable("ACTORRING_PAGE_PICTURES") is { Length: > 0 } folder)
        {
            await browser.EvaluateAsync("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
            await File.WriteAllBytesAsync(Path.Combine(folder, $"page-{name}.png"), await browser.PictureAsync());
        }
    }

    private void Fill()
    {
        for (var step = 1; step <= Steps; step++)
        {
            Take(step, isRepeated: false);
            if (step == 6_400)
            {
                for (var again = 6_001; again <= 6_400; again++)
                {
                    Take(again, isRepeated: true);
                }
            }
        }

        _board.Take(Rows.EpochBegins());
        _board.Take(Rows.EpochEnds(EpochEnd.MemberExit));
        _board.Take(Rows.Hop(culprit: 2));
        _board.Take(new JobRow(new JobId(1), JobState.Running, Evil));
        _board.Show(Answers.Jobs(Steps, 12_000, ranks: 8, name: "long-context <b>8</b>"));
        _board.Show([Answers.Members(8)]);
        _board.Show([Answers.Ring(8, late: 2)]);
        _board.Show("eval/needle", [.. from tokens in (long[])[1024, 2048, 4096] from depth in (double[])[0, 50] select Cell(tokens, depth)]);
    }

    private static NeedleCell Cell(long tokens, double depth) => new() { Model = "m", ContextLength = tokens, DepthPercent = depth, Score = depth == 0 ? 1 : 1024.0 / tokens };

    private void Take(int step, bool isRepeated)
    {
        // Noise that is the same each time.
        var noise = Math.Sin(step * 12.9898) * 0.08;
        var report = new StepReport(
            1.2 + (3 * Math.Exp(-step / 1500.0)) + noise, 0.8 + (noise * 2) + (step == 4_000 ? 6 : 0), 4096, TimeSpan.FromSeconds(0.9 + noise), 1 << 20, TimeSpan.FromMilliseconds(80));
        _board.Take(new StepRow(new JobId(1), Rows.Epoch, step, isRepeated, report), 32_768);
    }
}
