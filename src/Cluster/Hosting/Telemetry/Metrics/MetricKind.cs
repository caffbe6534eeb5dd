namespace ActorRing.Cluster.Hosting.Telemetry.Metrics;

/// <summary>How Prometheus calls what an instrument measures.</summary>
internal enum MetricKind
{
    /// <summary>Only grows.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>A distribution in buckets.</summary>
    Histogram,
}
