using System.Globalization;
using ActorRing.Actors.Effects;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>Prints what machines publish.</summary>
internal static class StepPrinter
{
    internal static void Take(TelemetryRow row)
    {
        switch (row)
        {
            case StepRow step:
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"step: {step.StepsDone,4}  loss: {step.Report.Loss,8:F5}  grad_norm: {step.Report.GradientNorm,8:F4}{(step.IsRepeated ? "  again" : "")}"));
                break;
            case EpochRow epoch:
                ClusterLog.Write($"epoch {epoch.Epoch}: {epoch.Phase} {epoch.Cause} {epoch.Reason}");
                break;
            case HopRow hop:
                ClusterLog.Write($"late: {hop}");
                break;
            case JobRow job:
                ClusterLog.Write($"{job.Job}: {job.State} {job.Verdict}");
                break;
        }
    }
}
