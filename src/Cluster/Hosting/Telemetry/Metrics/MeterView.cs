using System.Diagnostics.Metrics;

namespace ActorRing.Cluster.Hosting.Telemetry.Metrics;

/// <summary>Adds up what one meter measures. Compares the meter itself, not its name, so that two of a name in one process stay apart.</summary>
/// <remarks>Safe to use from several threads. Bounded: beyond a limit of series per instrument new ones are counted and forgotten.</remarks>
internal sealed class MeterView : IDisposable
{
    private const string Runtime = "System.Runtime";
    private readonly int _mostSeries;
    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, InstrumentSeries> _series = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly Lock _snapshot = new();
    private long _dropped;

    /// <param name="meter">Whose instruments are read; those that it has and those that it will have.</param>
    /// <param name="withRuntime">Whether to read the runtime's own meter, too (garbage collection, threads, memory of this process).</param>
    /// <param name="mostSeries">Per instrument.</param>
    internal MeterView(Meter meter, bool withRuntime, int mostSeries = 2000)
    {
        _mostSeries = mostSeries;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter) || (withRuntime && instrument.Meter.Name == Runtime))
            {
                var series = new InstrumentSeries(instrument);
                lock (_gate)
                {
                    _series[instrument.Name] = series;
                }

                listener.EnableMeasurementEvents(instrument, series);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, series) => Record(series, value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, series) => Record(series, value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, series) => Record(series, value, tags));
        _listener.Start();
    }

    /// <summary>Measurements that would have begun a series beyond the limit.</summary>
    internal long Dropped => Interlocked.Read(ref _dropped);

    public void Dispose() => _listener.Dispose();

    /// <summary>All families that have a series, sorted by name.</summary>
    internal IReadOnlyList<MetricFamily> Read()
    {
        // One reader at a time: observable instruments are cleared and asked again.
        lock (_snapshot)
        {
            lock (_gate)
            {
                foreach (var series in _series.Values)
                {
                    series.ForgetObserved();
                }
            }

            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException)
            {
                // An instrument that cannot be read is left out; the others are there.
            }

            lock (_gate)
            {
                return [.. _series.Values.Select(series => series.ToFamily()).Where(family => family.Points.Count > 0)];
            }
        }
    }

    private void Record(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = (InstrumentSeries)state!;
        lock (_gate)
        {
            if (!series.TryRecord(value, tags, _mostSeries))
            {
                Interlocked.Increment(ref _dropped);
            }
        }
    }
}
