using System.Collections;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Member;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ActorRing.Cluster.Cli.Telemetry;

/// <summary>
/// Sends metrics and traces to an OpenTelemetry collector while <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set. All <c>OTEL_*</c> variables mean what OpenTelemetry
/// says they do; the service is called <c>actorring</c> unless <c>OTEL_SERVICE_NAME</c> says otherwise.
/// </summary>
/// <remarks>
/// Nothing waits for the collector but threads of the exporter. Metrics are sums, so an export that fails loses nothing; of traces 2,048 wait at most, further
/// ones are dropped. Disposing sends what there is, for two seconds at most for each of the two. Dispose it before the instruments.
/// </remarks>
internal sealed class OtlpExport : IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly MeterProvider _metrics;
    private readonly TracerProvider _traces;
    private readonly int _closeMilliseconds;

    private OtlpExport(MeterProvider metrics, TracerProvider traces, TimeSpan closeWithin)
    {
        _metrics = metrics;
        _traces = traces;
        _closeMilliseconds = (int)closeWithin.TotalMilliseconds;
    }

    public void Dispose()
    {
        // Shutting down first: disposing alone would wait five seconds for a collector that does not answer.
        _traces.Shutdown(_closeMilliseconds);
        _metrics.Shutdown(_closeMilliseconds);
        _traces.Dispose();
        _metrics.Dispose();
    }

    /// <summary>Starts to export if the endpoint is set in this process's environment.</summary>
    /// <exception cref="UsageException">A variable cannot be used; one line.</exception>
    internal static OtlpExport? Start(Instruments instruments) => Start(instruments, Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "", StringComparer.Ordinal), Patience);

    /// <summary>Starts to export if the endpoint is set.</summary>
    /// <param name="instruments">Exported are these and no others of the name; the runtime's own metrics go with them.</param>
    /// <param name="environment">All variables; others than <c>OTEL_*</c> are not read.</param>
    /// <param name="closeWithin">How long disposing may take for metrics, and for traces.</param>
    /// <returns>Null if no endpoint is set, or <c>OTEL_SDK_DISABLED</c> is true.</returns>
    /// <exception cref="UsageException">A variable cannot be used; one line.</exception>
    internal static OtlpExport? Start(Instruments instruments, IReadOnlyDictionary<string, string> environment, TimeSpan closeWithin)
    {
        var endpoint = environment.GetValueOrDefault(Endpoint);
        if (string.IsNullOrWhiteSpace(endpoint) || string.Equals(environment.GetValueOrDefault("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new UsageException($"{Endpoint}: {endpoint}; allowed: an address such as http://127.0.0.1:4317");
        }

        if (environment.GetValueOrDefault(Protocol) is { Length: > 0 } protocol and not ("grpc" or "http/protobuf"))
        {
            throw new UsageException($"{Protocol}: {protocol}; allowed: grpc, http/protobuf");
        }

        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(environment.Where(variable => variable.Key.StartsWith("OTEL_", StringComparison.Ordinal))
                .Select(variable => new KeyValuePair<string, string?>(variable.Key, variable.Value)))
            .Build();
        var meter = instruments.Meter;
        var metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton<IConfiguration>(configuration))
            .SetResourceBuilder(Resource(environment))
            .AddMeter(Instruments.Name, "System.Runtime")
            .AddView(instrument => instrument.Meter.Name == Instruments.Name && !ReferenceEquals(instrument.Meter, meter) ? MetricStreamConfiguration.Drop : null)
            .AddOtlpExporter()
            .Build();
        var source = instruments.Activities;
        var traces = Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton<IConfiguration>(configuration))
            .SetResourceBuilder(Resource(environment))
            .AddSource(Instruments.Name)
            .SetSampler(new AlwaysOnSampler())
            .AddProcessor(new OneSource(source))
            .AddOtlpExporter()
            .Build();
        return new OtlpExport(metrics, traces, closeWithin);
    }

    private static ResourceBuilder Resource(IReadOnlyDictionary<string, string> environment)
    {
        var name = environment.GetValueOrDefault("OTEL_SERVICE_NAME");
        return ResourceBuilder.CreateDefault().AddService(string.IsNullOrEmpty(name) ? "actorring" : name);
    }
}
