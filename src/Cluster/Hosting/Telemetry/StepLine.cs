using System.Globalization;
using System.Text;
using ActorRing.Actors.Effects;

namespace ActorRing.Cluster.Hosting.Telemetry;

/// <summary>
/// One line per committed update. Keys, order and widths up to <c>mfu</c> are torchtitan's, so that what reads its logs reads these; ours follow. <c>tps</c> is
/// per rank, <c>tflops</c> and <c>mfu</c> do not halve causal attention, both as there; the <c>causal_</c> figures do.
/// </summary>
public static class StepLine
{
    private const double GiB = 1L << 30;

    /// <summary>For a row of the coordinator.</summary>
    public static string Of(StepRow row, StepSetting setting)
    {
        var seconds = row.Report.Elapsed.TotalSeconds;
        var text = new StringBuilder(Of(row.StepsDone, row.Report.Loss, row.Report.GradientNorm, seconds > 0 ? row.Report.Tokens / seconds : 0, setting));
        Append(text, $"  wait: {(seconds > 0 ? 100 * row.Report.Waits.TotalSeconds / seconds : 0):F1}%  epoch: {row.Epoch}");
        if (row.IsRepeated)
        {
            text.Append("  repeated");
        }

        return text.ToString();
    }

    /// <summary>For an update of one process.</summary>
    /// <param name="step">Updates committed, this one included.</param>
    /// <param name="loss">Mean over labelled tokens.</param>
    /// <param name="gradientNorm">Before clipping.</param>
    /// <param name="tokensPerSecond">Of one rank.</param>
    /// <param name="setting">Everything else.</param>
    public static string Of(long step, double loss, double gradientNorm, double tokensPerSecond, StepSetting setting)
    {
        var text = new StringBuilder();
        Append(text, $"step: {step,2}  loss: {loss,8:F5}  grad_norm: {gradientNorm,7:F4}");
        if (setting.MemoryBytes is { } bytes)
        {
            Append(text, $"  memory: {bytes / GiB,5:F2}GiB");
            if (setting.MemoryLimitBytes is > 0 and { } limit)
            {
                Append(text, $"({100.0 * bytes / limit:F2}%)");
            }
        }

        Append(text, $"  tps: {Math.Round(tokensPerSecond):N0}");
        if (setting.FlopsPerToken is { } flops)
        {
            Append(text, $"  tflops: {flops * tokensPerSecond / 1e12:N2}  mfu: {Fraction(flops * tokensPerSecond, setting.PeakFlops)}");
        }

        if (setting.CausalFlopsPerToken is { } causal)
        {
            Append(text, $"  causal_gflops: {causal * tokensPerSecond / 1e9:F1}");
            if (setting.PeakFlops is not null)
            {
                Append(text, $"  causal_mfu: {Fraction(causal * tokensPerSecond, setting.PeakFlops)}");
            }
        }

        if (setting.LearningRate is { } learningRate)
        {
            Append(text, $"  lr: {learningRate:0.00e+00}");
        }

        if (setting.Hop is { } hop)
        {
            Append(text, $"  hop: {hop.TotalMilliseconds:F2}ms");
        }

        if (setting.Overlap is { } overlap)
        {
            Append(text, $"  overlap: {100 * overlap:F0}%");
        }

        return text.Append("  stage: ").Append(setting.Stage).ToString();
    }

    private static string Fraction(double flops, double? peak) => peak is > 0 and { } most ? string.Create(CultureInfo.InvariantCulture, $"{100 * flops / most:F2}%") : "N/A";

    private static void Append(StringBuilder text, FormattableString more) => text.Append(more.ToString(CultureInfo.InvariantCulture));
}
