using System.Diagnostics;
using System.Diagnostics.Metrics;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Hosting.Telemetry.Http;
using ActorRing.Cluster.Hosting.Telemetry.Metrics;

namespace ActorRing.Cluster.Specs.Telemetry;

public class PrometheusTextSpec
{
    [Fact]
    public void PrometheusText_must_be_this_to_the_byte()
    {
        using var meter = new Meter("any");
        using var view = new MeterView(meter, withRuntime: false);
        meter.CreateCounter<long>("a.sent", "By", "Bytes\\\nsent.").Add(3, new KeyValuePair<string, object?>("to.whom", "a \"b\"\\\n"));
        meter.CreateHistogram<double>("b.wait", "s", "Waits.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] }).Record(0.5);
        meter.CreateUpDownCounter<int>("c.open", "{file}", "Open.").Add(-2);
        meter.CreateObservableGauge("d.share", () => double.NaN, "1", "Share.");
        var expected = """
            # HELP a_sent_bytes_total Bytes\\\nsent.
            # TYPE a_sent_bytes_total counter
            a_sent_bytes_total{to_whom="a \"b\"\\\n"} 3
            # HELP b_wait_seconds Waits.
            # TYPE b_wait_seconds histogram
            b_wait_seconds_bucket{le="0.5"} 1
            b_wait_seconds_bucket{le="1"} 1
            b_wait_seconds_bucket{le="+Inf"} 1
            b_wait_seconds_sum 0.5
            b_wait_seconds_count 1
            # HELP c_open Open.
            # TYPE c_open gauge
            c_open -2
            # HELP d_share_ratio Share.
            # TYPE d_share_ratio gauge
            d_share_ratio NaN

            """;
        var text = PrometheusText.Of(view.Read());
        Assert.Equal(expected, text);
        Assert.Equal(8, StrictPrometheus.Parse(text).Count);
    }

    [Fact]
    public void PrometheusText_must_leave_out_an_instrument_that_throws()
    {
        using var meter = new Meter("any");
        using var view = new MeterView(meter, withRuntime: false);
        meter.CreateObservableGauge("bad", int () => throw new InvalidOperationException());
        meter.CreateObservableGauge("good", () => 1);
        Assert.Equal(["good"], StrictPrometheus.Parse(PrometheusText.Of(view.Read())).Keys);
    }

    [Theory]
    [InlineData("a 1")]
    [InlineData("# HELP a x\n# TYPE a gauge\na 1\na 1\n")]
    [InlineData("# HELP a_total x\n# TYPE a_total gauge\na_total 1\n")]
    [InlineData("# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_count 1\n")]
    [InlineData("# HELP a x\n# TYPE a gauge\na{b=\"\"\"} 1\n")]
    public void The_strict_parser_must_notice_text_that_is_wrong(string text) => Assert.Throws<FormatException>(() => StrictPrometheus.Parse(text));

    [PromtoolFact]
    public async Task Promtool_must_accept_every_metric_of_ours_and_of_the_runtime()
    {
        using var instruments = new Instruments(new FixedTime());
        using var pages = new TelemetryPages(instruments, () => null, () => null);
        instruments.Take(Rows.Job(JobState.Running));
        instruments.Take(Rows.Step(1));
        instruments.Take(Rows.EpochEnds(EpochEnd.Silence));
        instruments.Take(Rows.Hop(2));
        instruments.CountCheckpoint(new(1));
        var text = pages.Metrics();
        Assert.Contains("dotnet_gc_collections_total", text, StringComparison.Ordinal);
        Assert.Equal(16, text.Split('\n').Count(line => line.StartsWith("# TYPE actorring_", StringComparison.Ordinal)));
        var (exit, said) = await Promtool(text);
        Assert.True(exit == 0 && said.Length == 0, said);
    }

    [PromtoolFact]
    public async Task Promtool_must_notice_a_counter_that_is_not_named_as_one()
    {
        var (exit, said) = await Promtool("# HELP a b\n# TYPE a counter\na 1\n");
        Assert.NotEqual(0, exit);
        Assert.Contains("_total", said, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Said)> Promtool(string text)
    {
        using var promtool = Process.Start(new ProcessStartInfo(PromtoolFactAttribute.Path!, ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var errors = promtool.StandardError.ReadToEndAsync();
        var output = promtool.StandardOutput.ReadToEndAsync();
        await promtool.StandardInput.WriteAsync(text);
        promtool.StandardInput.Close();
        await promtool.WaitForExitAsync();
        return (promtool.ExitCode, await errors + await output);
    }
}
