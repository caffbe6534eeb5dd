namespace ActorRing.Cluster.Hosting.Web;

/// <summary>The updates of a job, thinned: at most <see cref="Most"/> of them, among which are the first, the last, and of each stretch the least and greatest loss and the greatest norm.</summary>
internal sealed class StepHistory
{
    internal const int Most = 2000;
    private const int Stretch = 6;
    private const int MostRecoveries = 32;
    private readonly List<StepPoint> _points = [];
    private readonly List<(long From, long To)> _recoveries = [];

    /// <summary>Oldest first; steps rise.</summary>
    internal IReadOnlyList<StepPoint> Points => _points;

    /// <summary>Where the job went back, oldest first: the first update that was done again, and the last that had been done before.</summary>
    internal IReadOnlyList<(long From, long To)> Recoveries => _recoveries;

    /// <summary>Adds an update; whatever was known of it and of later ones is replaced.</summary>
    internal void Add(StepPoint point)
    {
        if (_points.Count > 0 && point.Step <= _points[^1].Step)
        {
            _recoveries.Add((point.Step, _points[^1].Step));
            _recoveries.RemoveRange(0, Math.Max(0, _recoveries.Count - MostRecoveries));
            var kept = _points.FindLastIndex(earlier => earlier.Step < point.Step) + 1;
            _points.RemoveRange(kept, _points.Count - kept);
        }

        _points.Add(point);
        if (_points.Count > Most)
        {
            Thin();
        }
    }

    private void Thin()
    {
        var kept = new List<StepPoint>(_points.Count) { _points[0] };
        var at = 1;
        for (; at + Stretch < _points.Count; at += Stretch)
        {
            var stretch = _points.GetRange(at, Stretch);
            var marks = new SortedSet<int> { Peak(stretch, point => -point.Loss), Peak(stretch, point => point.Loss), Peak(stretch, point => point.GradientNorm) };
            kept.AddRange(marks.Select(index => stretch[index]));
        }

        kept.AddRange(_points.Skip(at));
        _points.Clear();
        _points.AddRange(kept);
    }

    // A value that is no number is a peak: it must not vanish.
    private static int Peak(List<StepPoint> stretch, Func<StepPoint, double> value)
    {
        var peak = 0;
        for (var at = 1; at < stretch.Count; at++)
        {
            if (!(value(stretch[at]) <= value(stretch[peak])) && !double.IsNaN(value(stretch[peak])))
            {
                peak = at;
            }
        }

        return peak;
    }
}
