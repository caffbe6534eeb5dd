using ActorRing.Cluster.Hosting.Web;

namespace ActorRing.Cluster.Hosting.Telemetry.Http;

/// <summary>What one client, or many, may cost.</summary>
/// <param name="RequestLineBytes">Longest request line.</param>
/// <param name="HeadBytes">Longest head: request line and headers.</param>
/// <param name="Connections">Open at once; one more is closed unread.</param>
/// <param name="Request">From accept to the last byte of the answer.</param>
internal sealed record HttpLimits(int RequestLineBytes, int HeadBytes, int Connections, TimeSpan Request)
{
    /// <summary>For streams, which outlive a request's time.</summary>
    internal LiveLimits Live { get; init; } = LiveLimits.Default;

    internal static HttpLimits Default => new(4096, 16384, 100, TimeSpan.FromSeconds(5));
}
