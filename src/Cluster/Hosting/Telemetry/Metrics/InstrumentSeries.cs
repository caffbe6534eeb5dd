using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace ActorRing.Cluster.Hosting.Telemetry.Metrics;

/// <summary>All series of one instrument. Not safe for several threads.</summary>
internal sealed class InstrumentSeries
{
    private static readonly IReadOnlyList<double> DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private readonly Instrument _instrument;
    private readonly MetricKind _kind;
    private readonly bool _adds;
    private readonly IReadOnlyList<double> _bounds;
    private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);

    internal InstrumentSeries(Instrument instrument)
    {
        _instrument = instrument;
        var type = instrument.GetType().GetGenericTypeDefinition();
        _kind = type == typeof(Histogram<>) ? MetricKind.Histogram
            : type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? MetricKind.Counter
            : MetricKind.Gauge;
        _adds = type == typeof(Counter<>) || type == typeof(UpDownCounter<>);
        _bounds = _kind != MetricKind.Histogram ? [] : (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? DefaultBounds;
    }

    /// <returns>False if it would begin a series too many.</returns>
    internal bool TryRecord(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, int mostSeries)
    {
        var labels = Labels(tags);
        var key = Key(labels);
        if (!_series.TryGetValue(key, out var series))
        {
            if (_series.Count >= mostSeries)
            {
                return false;
            }

            _series[key] = series = new Series(labels, new long[_kind == MetricKind.Histogram ? _bounds.Count + 1 : 0]);
        }

        if (_kind == MetricKind.Histogram)
        {
            var bucket = 0;
            while (bucket < _bounds.Count && !(value <= _bounds[bucket]))
            {
                bucket++;
            }

            series.Buckets[bucket]++;
            series.Value += value;
        }
        else
        {
            series.Value = _adds ? series.Value + value : value;
        }

        return true;
    }

    internal void ForgetObserved()
    {
        if (_instrument.IsObservable)
        {
            _series.Clear();
        }
    }

    internal MetricFamily ToFamily() => new(_instrument.Name, _instrument.Unit, _instrument.Description ?? _instrument.Name, _kind, _bounds,
        [.. _series.Values.Select(series => new MetricPoint(series.Labels, series.Value, [.. series.Buckets]))]);

    private static KeyValuePair<string, string>[] Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new KeyValuePair<string, string>[tags.Length];
        for (var i = 0; i < tags.Length; i++)
        {
            labels[i] = new(tags[i].Key, Convert.ToString(tags[i].Value, CultureInfo.InvariantCulture) ?? "");
        }

        Array.Sort(labels, (left, right) => string.CompareOrdinal(left.Key, right.Key));
        return labels;
    }

    private static string Key(KeyValuePair<string, string>[] labels)
    {
        var key = new StringBuilder();
        foreach (var (name, value) in labels)
        {
            key.Append(name).Append('\u0001').Append(value).Append('\u0002');
        }

        return key.ToString();
    }

    private sealed class Series(IReadOnlyList<KeyValuePair<string, string>> labels, long[] buckets)
    {
        internal IReadOnlyList<KeyValuePair<string, string>> Labels { get; } = labels;

        internal long[] Buckets { get; } = buckets;

        internal double Value { get; set; }
    }
}
