namespace ActorRing.Simulation;

/// <summary>What happens when, in order of time, then of asking. A binary heap of plain values: it is the simulator's hottest place.</summary>
internal sealed class EventQueue
{
    private Entry[] _heap = new Entry[256];
    private long _order;

    internal int Count { get; private set; }

    internal long NextTime => _heap[0].Time;

    internal void Add(long time, SimProcess? target, object what)
    {
        if (Count == _heap.Length)
        {
            Array.Resize(ref _heap, 2 * _heap.Length);
        }

        var entry = new Entry(time, _order++, target, what);
        var at = Count++;
        while (at > 0)
        {
            var parent = (at - 1) / 2;
            if (!entry.IsBefore(_heap[parent]))
            {
                break;
            }

            _heap[at] = _heap[parent];
            at = parent;
        }

        _heap[at] = entry;
    }

    internal Entry Take()
    {
        var first = _heap[0];
        var last = _heap[--Count];
        _heap[Count] = default;
        var at = 0;
        while (true)
        {
            var child = (2 * at) + 1;
            if (child >= Count)
            {
                break;
            }

            if (child + 1 < Count && _heap[child + 1].IsBefore(_heap[child]))
            {
                child++;
            }

            if (!_heap[child].IsBefore(last))
            {
                break;
            }

            _heap[at] = _heap[child];
            at = child;
        }

        if (Count > 0)
        {
            _heap[at] = last;
        }

        return first;
    }

    internal readonly record struct Entry(long Time, long Order, SimProcess? Target, object What)
    {
        internal bool IsBefore(in Entry other) => Time < other.Time || (Time == other.Time && Order < other.Order);
    }
}
