namespace ActorRing.Cluster.Hosting.Telemetry.Metrics;

/// <summary>One instrument with all its series, as they were at one moment.</summary>
/// <param name="Name">The instrument's own, with dots.</param>
/// <param name="Unit">UCUM, or null.</param>
/// <param name="Help">One line.</param>
/// <param name="Kind">Of the instrument.</param>
/// <param name="Bounds">Upper bounds of a histogram's buckets without the last, infinite one; ascending.</param>
/// <param name="Points">Sorted by labels.</param>
internal sealed record MetricFamily(string Name, string? Unit, string Help, MetricKind Kind, IReadOnlyList<double> Bounds, IReadOnlyList<MetricPoint> Points);

/// <summary>One series.</summary>
/// <param name="Labels">Sorted by name.</param>
/// <param name="Value">Sum of a counter or a histogram, last value of a gauge.</param>
/// <param name="Buckets">Measurements in each bucket, not cumulative, the infinite one last; empty for other kinds.</param>
internal sealed record MetricPoint(IReadOnlyList<KeyValuePair<string, string>> Labels, double Value, IReadOnlyList<long> Buckets);
