using System.Net;
using System.Net.Sockets;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli;
using ActorRing.Cluster.Cli.Telemetry;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Specs.Telemetry;

public sealed class OtlpExportSpec : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(2);
    private readonly Instruments _instruments = new(TimeProvider.System);

    public void Dispose() => _instruments.Dispose();

    [Fact]
    public async Task OtlpExport_must_send_metrics_and_traces_to_the_collector_of_the_environment()
    {
        await using var collector = new Collector(answers: true);
        using (var other = new Instruments(TimeProvider.System))
        using (Start(collector.Address, Long)) // the first request of a process on a busy machine takes longer than the usual time
        {
            Report(_instruments, job: 1);
            Report(other, job: 99);
        }

        var metrics = string.Concat(collector.Requests.Where(request => request.Path == "/v1/metrics").Select(request => request.Body));
        var traces = string.Concat(collector.Requests.Where(request => request.Path == "/v1/traces").Select(request => request.Body));
        Assert.Contains("actorring.train.steps", metrics, StringComparison.Ordinal);
        Assert.Contains("actorring.train.step.duration", metrics, StringComparison.Ordinal);
        Assert.Contains("dotnet.gc.collections", metrics, StringComparison.Ordinal);
        Assert.Contains("train step", traces, StringComparison.Ordinal);
        Assert.Contains("epoch", traces, StringComparison.Ordinal);
        Assert.All(new[] { metrics, traces }, text =>
        {
            Assert.Contains("of-a-spec", text, StringComparison.Ordinal);
            Assert.Contains("job-1", text, StringComparison.Ordinal);
            Assert.DoesNotContain("job-99", text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task OtlpExport_must_neither_wait_nor_grow_when_the_collector_never_answers()
    {
        await using var collector = new Collector(answers: false);
        var export = Start(collector.Address, ("OTEL_METRIC_EXPORT_INTERVAL", "1"))!;
        Report(_instruments, job: 1);
        await collector.First.Task.WaitAsync(Long);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var step = 0; step < 50_000; step++)
        {
            _instruments.Take(Rows.Step(step));
        }

        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 16 << 20);
        await Task.Run(export.Dispose).WaitAsync(Long);
    }

    [Fact]
    public async Task OtlpExport_must_neither_throw_nor_wait_when_there_is_no_collector()
    {
        using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var export = Start($"http://{reserved.LocalEndPoint}", ("OTEL_METRIC_EXPORT_INTERVAL", "1"))!;
        for (var step = 0; step < 10_000; step++)
        {
            _instruments.Take(Rows.Step(step));
        }

        await Task.Run(export.Dispose).WaitAsync(Long);
    }

    [Fact]
    public void OtlpExport_must_not_start_when_no_endpoint_is_set()
    {
        Assert.Null(OtlpExport.Start(_instruments, new Dictionary<string, string>(), Usual));
        Assert.Null(Start("http://127.0.0.1:4317", ("OTEL_SDK_DISABLED", "true")));
        Assert.False(_instruments.Activities.HasListeners());
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "here:there")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]
    public void OtlpExport_must_name_the_variable_that_cannot_be_used(string variable, string value)
    {
        var refusal = Assert.Throws<UsageException>(() => Start("http://127.0.0.1:4318", (variable, value)));
        Assert.StartsWith($"{variable}: {value}; allowed: ", refusal.Message, StringComparison.Ordinal);
    }

    private static void Report(Instruments instruments, long job)
    {
        instruments.Take(Rows.EpochBegins(job));
        instruments.Take(Rows.Step(1, job: job));
        instruments.Take(Rows.EpochEnds(EpochEnd.Silence, job));
    }

    private OtlpExport? Start(string endpoint, params (string Name, string Value)[] more) => Start(endpoint, Usual, more);

    private OtlpExport? Start(string endpoint, TimeSpan closeWithin, params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_SERVICE_NAME"] = "of-a-spec",
        };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return OtlpExport.Start(_instruments, environment, closeWithin);
    }
}
