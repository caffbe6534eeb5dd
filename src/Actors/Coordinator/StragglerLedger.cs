using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Coordinator;

/// <summary>Which ranks of an epoch work so slowly that all others wait for them.</summary>
/// <remarks>
/// Looked at is a rank's own work: the time of an update without the time in which it waited for others, so that who waits is never named. A rank is slow if its work takes
/// twice as long as before and twice as long as that of others beside what theirs took before: what slows down all of them names nobody, and neither does a plan that gives one
/// rank more to do. A rank that was slow from the beginning has no better past: it is held against the others alone, with a wider margin over what the plan gives it.
/// Each comparison is of the last 8 updates, or as many as make a quarter of a second, and of what is usual in them: a few pauses, however long, are none of it.
/// Memory: 512 bytes a rank. Cost of an update: O(ranks log ranks).
/// </remarks>
internal sealed class StragglerLedger(int ranks, PreparedPlan plan)
{
    /// <summary>Updates that are looked at together, at least.</summary>
    internal const int Window = 8;

    /// <summary>How many times as long is slow.</summary>
    internal const double Slow = 2;

    private const int MostKept = 64;

    // Below it a slow rank has come back; between the two it stays what it was.
    private const double Well = 1.4;

    // Other machines, other neighbours, other ways of counting: without a past of its own a rank is given more room.
    private const double StrangersMargin = 1.25;

    // Updates in a row that must say the same.
    private const int ToName = 2;
    private const int ToClear = 2;

    // What is usual follows what is: sooner to the better than to the worse.
    private const double Fall = 1.0 / 32;
    private const double Rise = 1.0 / 64;

    private static readonly TimeSpan LeastTime = TimeSpan.FromMilliseconds(250);

    private readonly List<StragglerChange> _changes = [];
    private readonly Row[] _rows = new Row[ranks];
    private readonly TimeSpan[] _lengths = new TimeSpan[MostKept];
    private readonly double[] _sorted = new double[ranks];
    private readonly double[] _others = new double[ranks];
    private readonly int[] _order = new int[ranks];
    private readonly double[] _window = new double[MostKept];
    private IReadOnlyList<double>? _most;
    private long _taken = -1; // the first update opens data and compiles code

    /// <summary>How many times as long as usual a rank takes while it is named; 0 while it is not.</summary>
    internal double TimesOf(int rank) => _rows[rank] is { IsNamed: true } row ? row.Times : 0;

    /// <summary>A rank's own work in an update, as it usually was lately; zero before anything can be said.</summary>
    internal TimeSpan WorkOf(int rank) => _rows[rank] is { } row ? new((long)row.Recent) : TimeSpan.Zero;

    /// <summary>Takes an update that all ranks have reported.</summary>
    /// <param name="reports">By rank.</param>
    /// <returns>Who is slow from now on, and who no more; valid until the next call.</returns>
    internal IReadOnlyList<StragglerChange> Take(ReadOnlySpan<StepReport> reports)
    {
        _changes.Clear();
        if (ranks < 2 || !Note(reports) || UpdatesInWindow() is not { } updates)
        {
            return _changes;
        }

        for (var rank = 0; rank < ranks; rank++)
        {
            _rows[rank].Recent = Usual(_rows[rank].Works, updates);
        }

        _most ??= PlannedWork.MostOf(plan);
        Judge(MeanLength(updates));
        return _changes;
    }

    // False where it begins anew: the first update, and the first of a stage, which is of other rows.
    private bool Note(ReadOnlySpan<StepReport> reports)
    {
        var isOther = _taken < 0;
        for (var rank = 0; rank < ranks; rank++)
        {
            var row = _rows[rank] ??= new();
            isOther |= row.Tokens != reports[rank].Tokens;
            row.Tokens = reports[rank].Tokens;
        }

        if (isOther)
        {
            _taken = 0;
            foreach (var row in _rows)
            {
                row.Before = 0;
            }

            return false;
        }

        var (at, length) = ((int)(_taken++ % MostKept), TimeSpan.Zero);
        for (var rank = 0; rank < ranks; rank++)
        {
            var (elapsed, waits) = (reports[rank].Elapsed, reports[rank].Waits);
            length = elapsed > length ? elapsed : length;

            // A clock has steps: no work takes no time.
            _rows[rank].Works[at] = Math.Max(1, (elapsed - waits).Ticks);
        }

        _lengths[at] = length;
        return true;
    }

    private int? UpdatesInWindow()
    {
        var time = TimeSpan.Zero;
        for (var updates = 1; updates <= Math.Min(_taken, MostKept); updates++)
        {
            time += _lengths[(_taken - updates) % MostKept];
            if (updates >= Window && (time >= LeastTime || updates == MostKept))
            {
                return updates;
            }
        }

        return null;
    }

    private double MeanLength(int updates)
    {
        var time = TimeSpan.Zero;
        for (var back = 1; back <= updates; back++)
        {
            time += _lengths[(_taken - back) % MostKept];
        }

        return (double)time.Ticks / updates;
    }

    // The mean without the longest eighth; what is beyond four times the median counts as that: three pauses in eight updates, however long, make nobody slow.
    private double Usual(double[] works, int updates)
    {
        for (var back = 0; back < updates; back++)
        {
            _window[back] = works[(_taken - 1 - back) % MostKept];
        }

        var kept = updates - ((updates + 7) / 8);
        Array.Sort(_window, 0, updates);
        var (sum, most) = (0.0, 4 * _window[(updates - 1) / 2]);
        foreach (var work in _window.AsSpan(0, kept))
        {
            sum += Math.Min(work, most);
        }

        return sum / kept;
    }

    private void Judge(double length)
    {
        foreach (var row in _rows)
        {
            row.Before = row.Before > 0 ? row.Before : row.Recent;
        }

        MediansOfOthers(row => row.Recent);
        for (var rank = 0; rank < ranks; rank++)
        {
            _rows[rank].AsOthers = _rows[rank].Recent / _others[rank] / _most![rank] / StrangersMargin;
        }

        MediansOfOthers(row => row.Recent / row.Before);
        for (var rank = 0; rank < ranks; rank++)
        {
            var row = _rows[rank];
            var asBefore = row.Recent / row.Before;
            row.Times = Math.Max(Math.Min(asBefore, asBefore / _others[rank]), row.AsOthers);

            // Whoever waits for most of an update is not what the others wait for.
            Say(rank, row, row.Recent < length / 2 ? Math.Min(row.Times, 1) : row.Times);
        }
    }

    private void Say(int rank, Row row, double times)
    {
        row.InRow = row.IsNamed ? (times < Well ? row.InRow + 1 : 0) : times >= Slow ? row.InRow + 1 : 0;
        if (row.InRow >= (row.IsNamed ? ToClear : ToName))
        {
            (row.IsNamed, row.InRow) = (!row.IsNamed, 0);
            _changes.Add(new(new(rank), row.IsNamed, row.Times, new((long)row.Recent), new((long)row.Before)));
        }

        if (row.Recent < row.Before || (times < Well && !row.IsNamed))
        {
            row.Before += Math.Clamp(row.Recent - row.Before, -row.Before * Fall, row.Before * Rise);
        }
    }

    // Of each rank the median of all others, the mean of the two middle ones where there are two.
    private void MediansOfOthers(Func<Row, double> value)
    {
        for (var rank = 0; rank < ranks; rank++)
        {
            (_sorted[rank], _order[rank]) = (value(_rows[rank]), rank);
        }

        Array.Sort(_sorted, _order);
        var others = ranks - 1;
        for (var at = 0; at < ranks; at++)
        {
            var (low, high) = ((others - 1) / 2, others / 2);
            _others[_order[at]] = (_sorted[low + (low >= at ? 1 : 0)] + _sorted[high + (high >= at ? 1 : 0)]) / 2;
        }
    }

    private sealed class Row
    {
        // Of the last updates, in ticks.
        internal double[] Works { get; } = new double[MostKept];

        internal long Tokens { get; set; }

        internal double Recent { get; set; }

        // What was usual, 0 before it is known.
        internal double Before { get; set; }

        internal double AsOthers { get; set; }

        internal double Times { get; set; }

        internal int InRow { get; set; }

        internal bool IsNamed { get; set; }
    }
}

/// <summary>A rank has become slow, or is no more.</summary>
/// <param name="Rank">Which.</param>
/// <param name="IsSlow">From now on.</param>
/// <param name="Times">How many times as long as usual it takes.</param>
/// <param name="Work">Its own work in an update now.</param>
/// <param name="Before">What that took before.</param>
internal readonly record struct StragglerChange(GlobalRank Rank, bool IsSlow, double Times, TimeSpan Work, TimeSpan Before);
