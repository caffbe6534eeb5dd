namespace ActorRing.Cluster.Hosting.Machines;

/// <summary>One-shot wake-ups by key, in order of time, then of arming. Not for several threads.</summary>
internal sealed class WakeUps<TEvent>
    where TEvent : notnull
{
    private readonly Dictionary<string, (long Order, TimeSpan At)> _armed = new(StringComparer.Ordinal);
    private readonly SortedDictionary<(TimeSpan At, long Order), (string Key, TEvent Input)> _due = [];
    private long _order;

    internal int Count => _armed.Count;

    /// <summary>When the next one is due, or null.</summary>
    internal TimeSpan? Next => _due.Count == 0 ? null : _due.First().Key.At;

    internal void Arm(string key, TimeSpan at, TEvent input)
    {
        Cancel(key);
        _armed[key] = (++_order, at);
        _due[(at, _order)] = (key, input);
    }

    internal void Cancel(string key)
    {
        if (_armed.Remove(key, out var armed))
        {
            _due.Remove((armed.At, armed.Order));
        }
    }

    /// <summary>Takes the earliest one that is due.</summary>
    internal bool TryTake(TimeSpan now, out TEvent? input)
    {
        input = default;
        if (Next is not { } next || next > now)
        {
            return false;
        }

        var (at, due) = _due.First();
        _due.Remove(at);
        _armed.Remove(due.Key);
        input = due.Input;
        return true;
    }
}
