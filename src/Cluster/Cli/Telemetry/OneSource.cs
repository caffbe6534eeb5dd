using System.Diagnostics;
using OpenTelemetry;

namespace ActorRing.Cluster.Cli.Telemetry;

/// <summary>Lets pass what one activity source made; others of its name belong to another ring in this process.</summary>
internal sealed class OneSource(ActivitySource source) : BaseProcessor<Activity>
{
    // Exporters come after this processor and skip what is not recorded.
    public override void OnEnd(Activity data)
    {
        if (!ReferenceEquals(data.Source, source))
        {
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }
}
