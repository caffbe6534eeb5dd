using System.Text;
using ActorRing.Cluster.Hosting.Telemetry.Metrics;
using ActorRing.Cluster.Hosting.Web;

namespace ActorRing.Cluster.Hosting.Telemetry.Http;

/// <summary>
/// <c>/metrics</c> in Prometheus text format 0.0.4, <c>/healthz/live</c> (also <c>/alive</c>) and <c>/healthz/ready</c> (also <c>/health</c>): 200 and one line, or
/// 503 and the reason. With a <see cref="LiveBoard"/> also <c>/</c>, the page of the running cluster, and <c>/events</c>, which feeds it.
/// </summary>
/// <remarks>Adds up the instruments from its making on, whether somebody reads or not. Safe to use from several threads. Dispose it before the instruments.</remarks>
public sealed class TelemetryPages : IDisposable
{
    private readonly MeterView _view;
    private readonly Func<string?> _live;
    private readonly Func<string?> _ready;
    private readonly LiveBoard? _board;

    /// <summary>Begins to listen to the instruments.</summary>
    /// <param name="instruments">Whose metrics are shown; what exceeds 2,000 series of one instrument is counted as dropped by sink <c>series</c>.</param>
    /// <param name="live">Null while the process should go on; else why it should be restarted. A long update is no reason. Called on pool threads, must not wait.</param>
    /// <param name="ready">Null while it can take work; else why not. Called as <paramref name="live"/> is.</param>
    /// <param name="withRuntime">Whether to show the runtime's own metrics (<c>dotnet_*</c>), too.</param>
    /// <param name="board">What the page of the cluster shows; null for no such page.</param>
    public TelemetryPages(Instruments instruments, Func<string?> live, Func<string?> ready, bool withRuntime = true, LiveBoard? board = null)
    {
        _view = new MeterView(instruments.Meter, withRuntime);
        _live = live;
        _ready = ready;
        _board = board;
        var view = _view;
        instruments.Watch("series", () => view.Dropped);
    }

    /// <summary>The text of <c>/metrics</c>.</summary>
    public string Metrics() => PrometheusText.Of(_view.Read());

    /// <inheritdoc/>
    public void Dispose() => _view.Dispose();

    internal HttpAnswer Make(string path) => path switch
    {
        "/metrics" => new HttpAnswer(200, PrometheusText.ContentType, Encoding.UTF8.GetBytes(Metrics())),
        "/healthz/live" or "/alive" => Health(_live(), "live"),
        "/healthz/ready" or "/health" => Health(_ready(), "ready"),
        "/events" when _board is not null => new HttpAnswer(200, "text/event-stream", []) { Stream = _board },
        _ when _board is not null && WebAssets.Find(path) is var (type, body) && body is not null => new HttpAnswer(200, type, body),
        _ => HttpAnswer.Line(404, $"allowed: {(_board is null ? "" : "/, /events, ")}/metrics, /healthz/live, /healthz/ready, /alive, /health"),
    };

    private static HttpAnswer Health(string? trouble, string word) => trouble is null ? HttpAnswer.Line(200, word) : HttpAnswer.Line(503, $"not {word}: {OneLine(trouble)}");

    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
