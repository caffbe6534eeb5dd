using System.Globalization;
using System.Text.RegularExpressions;
using ActorRing.Cluster.Hosting.Telemetry;

namespace ActorRing.Cluster.Specs.Telemetry;

public partial class StepLineSpec
{
    private static readonly StepSetting Setting = new("long")
    {
        LearningRate = 3e-4,
        FlopsPerToken = 34e9,
        CausalFlopsPerToken = 20e9,
        PeakFlops = 989e12,
        MemoryBytes = 44_238_162_330,
        MemoryLimitBytes = 150_113_243_955,
        Hop = TimeSpan.FromMicroseconds(1170),
        Overlap = 0.94,
    };

    [Fact]
    public void StepLine_must_print_what_torchtitan_prints_and_then_ours() =>
        Assert.Equal("step: 10  loss:  8.12345  grad_norm:  1.2345  memory: 41.20GiB(29.47%)  tps: 11,812  tflops: 401.61  mfu: 40.61%"
            + "  causal_gflops: 236240.0  causal_mfu: 23.89%  lr: 3.00e-04  hop: 1.17ms  overlap: 94%  stage: long",
            StepLine.Of(10, 8.12345, 1.2345, 11_812, Setting));

    [Fact]
    public void StepLine_must_add_waits_and_epoch_and_repetition_when_it_comes_from_the_coordinator()
    {
        Assert.Equal("step:  3  loss:  2.50000  grad_norm:  0.7500  tps: 2,048  lr: 1.00e-03  stage: a  wait: 12.5%  epoch: 3.7",
            StepLine.Of(Rows.Step(3), new StepSetting("a") { LearningRate = 1e-3 }));
        Assert.EndsWith("  epoch: 3.7  repeated", StepLine.Of(Rows.Step(3, repeated: true), new StepSetting("a")), StringComparison.Ordinal);
    }

    [Fact]
    public void StepLine_must_say_that_mfu_is_unknown_as_torchtitan_does_when_the_peak_is() =>
        Assert.Contains("  tflops: 401.61  mfu: N/A  causal_gflops: 236240.0  lr:", StepLine.Of(1, 1, 1, 11_812, Setting with { PeakFlops = null }), StringComparison.Ordinal);

    [Fact]
    public void StepLine_must_be_read_by_a_scraper_of_torchtitan_logs()
    {
        var match = Scraper().Match("[titan] 2026-01-01 00:00:00,000 - root - INFO - " + StepLine.Of(1200, 12.5, 0.01, 1_234_567, Setting));
        Assert.Equal(["1200", "12.50000", "0.0100", "41.20", "29.47", "1,234,567"], match.Groups.Values.Skip(1).Take(6).Select(group => group.Value));
    }

    [Fact]
    public void StepLine_must_not_depend_on_the_language_of_the_machine()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            var expected = StepLine.Of(10, 8.5, 1.5, 11_812, Setting);
            CultureInfo.CurrentCulture = new CultureInfo("de-DE");
            Assert.Equal(expected, StepLine.Of(10, 8.5, 1.5, 11_812, Setting));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [GeneratedRegex(@"step:\s+(\d+)\s+loss:\s+([\d.]+)\s+grad_norm:\s+([\d.]+)\s+memory:\s+([\d.]+)GiB\(([\d.]+)%\)\s+tps: ([\d,]+)\s+tflops: ([\d.,]+)\s+mfu: ([\d.]+)%")]
    private static partial Regex Scraper();
}
