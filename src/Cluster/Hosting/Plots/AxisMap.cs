namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>From numbers to places along an axis, and the marks on it.</summary>
internal sealed class AxisMap
{
    private const double MostLengthMarks = 40;
    private readonly PlotAxis _axis;
    private readonly double _from;
    private readonly double _to;
    private readonly double _low;
    private readonly double _high;

    /// <param name="axis">Its kind.</param>
    /// <param name="values">Everything to be shown; what is not finite, or cannot lie on the axis, is passed over.</param>
    /// <param name="from">Place of the least number.</param>
    /// <param name="to">Place of the greatest; below <paramref name="from"/> for an axis that goes up.</param>
    /// <param name="room">Share of the range that is left free at each end.</param>
    /// <param name="marks">About how many marks there is room for.</param>
    internal AxisMap(PlotAxis axis, IEnumerable<double> values, double from, double to, double room, int marks)
    {
        (_axis, _from, _to) = (axis, from, to);
        var shown = values.Where(value => CanShow(axis, value)).Order().ToArray();
        IsEmpty = shown.Length == 0;
        var (least, most) = IsEmpty ? (IsLogarithmic ? (1, 10) : (0, 1)) : (shown[0], shown[^1]);
        (_low, _high) = Range(axis, Along(least), Along(most), room);
        (least, most) = IsLogarithmic ? (Math.Exp(_low), Math.Exp(_high)) : (_low, _high);
        Title = axis.Unit.Length > 0 ? $"{axis.Title} ({axis.Unit})" : axis.Title;
        if (axis.IsLength)
        {
            var lengths = shown.Select(value => (long)value).Distinct().ToArray();
            var labels = LengthLabels.Of(lengths);
            Title = $"{axis.Title} ({labels.Unit})";
            Ticks = lengths.Length <= MostLengthMarks ? [.. lengths.Select(length => (double)length)] : AxisTicks.Linear(least, most, marks);
            Labels = lengths.Length <= MostLengthMarks ? labels.Labels : LengthLabels.Of([.. Ticks.Select(tick => (long)tick)]).Labels;
        }
        else
        {
            var ticks = IsEmpty ? [] : IsLogarithmic ? AxisTicks.Log10(least, most, marks) : AxisTicks.Linear(least, most, marks);
            Ticks = axis.IsWhole ? [.. ticks.Where(double.IsInteger)] : ticks;
            Labels = AxisTicks.Labels(Ticks);
        }
    }

    private bool IsLogarithmic => _axis.Scale == AxisScale.Logarithmic;

    internal bool IsEmpty { get; }

    internal string Title { get; }

    internal IReadOnlyList<double> Ticks { get; }

    internal IReadOnlyList<string> Labels { get; }

    /// <summary>NaN for what the axis cannot show.</summary>
    internal double At(double value) => CanShow(_axis, value) ? _from + ((Along(value) - _low) / (_high - _low) * (_to - _from)) : double.NaN;

    private static (double Low, double High) Range(PlotAxis axis, double low, double high, double room)
    {
        if (axis.IsFromZero && axis.Scale == AxisScale.Linear)
        {
            return low >= 0 ? (0, high > 0 ? high * (1 + room) : 1) : (low, Math.Max(high, 0));
        }

        // One number alone, or the same one always, needs some range around it. So does one that differs only in its last bits: ticks would not.
        var width = high - low > 1e-9 * Math.Max(Math.Abs(low), Math.Abs(high)) ? high - low : Math.Max(0.1 * Math.Abs(high), axis.Scale == AxisScale.Logarithmic ? 0.5 : axis.IsWhole ? 2 : 1e-6);
        return high - low < width ? (low - (width / 2), high + (width / 2)) : (low - (room * width), high + (room * width));
    }

    /// <summary>Whether a number has a place on such an axis.</summary>
    internal static bool CanShow(PlotAxis axis, double value) => double.IsFinite(value) && (axis.Scale == AxisScale.Linear || value > 0);

    private double Along(double value) => IsLogarithmic ? Math.Log(value) : value;
}
