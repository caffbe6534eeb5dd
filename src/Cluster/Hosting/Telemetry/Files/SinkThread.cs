namespace ActorRing.Cluster.Hosting.Telemetry.Files;

/// <summary>
/// A bounded queue with a thread of its own behind it. Whoever posts never waits, however long a write takes: when the queue is full the oldest item is dropped
/// and counted.
/// </summary>
/// <remarks>
/// A write that throws loses its item, which is counted; the first failure of a target is reported, and so is the first success after it. A thread that is stuck
/// in the kernel when the sink is disposed is left to end with the process.
/// </remarks>
internal sealed class SinkThread<T> : IDisposable
{
    private readonly int _capacity;
    private readonly Action<T> _write;
    private readonly Func<T, string> _target;
    private readonly Action<string> _onTrouble;
    private readonly TimeSpan _closeWithin;
    private readonly Queue<T> _queue = new();
    private readonly object _gate = new();
    private readonly SortedSet<string> _troubled = new(StringComparer.Ordinal);
    private readonly Thread _thread;
    private long _dropped;
    private bool _busy;
    private bool _closed;

    /// <param name="name">Of the thread.</param>
    /// <param name="capacity">Items that may wait.</param>
    /// <param name="write">Called on the thread; one item at a time, in order.</param>
    /// <param name="target">What an item is written to, for messages.</param>
    /// <param name="onTrouble">Called on the thread with one line; must not throw.</param>
    /// <param name="closeWithin">How long disposing waits for what is queued.</param>
    internal SinkThread(string name, int capacity, Action<T> write, Func<T, string> target, Action<string> onTrouble, TimeSpan closeWithin)
    {
        _capacity = capacity;
        _write = write;
        _target = target;
        _onTrouble = onTrouble;
        _closeWithin = closeWithin;
        _thread = new Thread(Run, maxStackSize: 256 * 1024) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Items lost: dropped from a full queue, posted too late, or not written.</summary>
    internal long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Never waits for the sink.</summary>
    internal void Post(T item)
    {
        lock (_gate)
        {
            if (_closed)
            {
                Interlocked.Increment(ref _dropped);
                return;
            }

            if (_queue.Count == _capacity)
            {
                _queue.Dequeue();
                Interlocked.Increment(ref _dropped);
            }

            _queue.Enqueue(item);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until everything posted so far is written or lost.</summary>
    /// <returns>False if <paramref name="within"/> passed first.</returns>
    internal bool Flush(TimeSpan within)
    {
        var start = Environment.TickCount64;
        lock (_gate)
        {
            while (_queue.Count > 0 || _busy)
            {
                var left = within - TimeSpan.FromMilliseconds(Environment.TickCount64 - start);
                if (left <= TimeSpan.Zero || !Monitor.Wait(_gate, left))
                {
                    return _queue.Count == 0 && !_busy;
                }
            }

            return true;
        }
    }

    /// <summary>Writes what is queued, but waits no longer than it was made to; the rest is counted as lost.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }

        if (!_thread.Join(_closeWithin))
        {
            lock (_gate)
            {
                Interlocked.Add(ref _dropped, _queue.Count);
                _queue.Clear();
            }
        }
    }

    /// <summary>Whether the thread has ended; false after <see cref="Dispose"/> if it is stuck.</summary>
    internal bool HasEnded => !_thread.IsAlive;

    private void Run()
    {
        while (TryTake(out var item))
        {
            var target = _target(item);
            try
            {
                _write(item);
                if (_troubled.Remove(target))
                {
                    _onTrouble($"{target}: can be written again; {Dropped} rows were lost so far");
                }
            }
            catch (Exception fault)
            {
                // Whatever it is: a row must not cost the process.
                Interlocked.Increment(ref _dropped);
                if (_troubled.Add(target))
                {
                    _onTrouble($"{target}: {fault.Message.ReplaceLineEndings(" ").TrimEnd('.')}; rows are dropped and counted until it can be written, training goes on");
                }
            }
        }
    }

    private bool TryTake(out T item)
    {
        lock (_gate)
        {
            _busy = false;
            Monitor.PulseAll(_gate);
            while (_queue.Count == 0)
            {
                if (_closed)
                {
                    item = default!;
                    return false;
                }

                Monitor.Wait(_gate);
            }

            item = _queue.Dequeue();
            _busy = true;
            return true;
        }
    }
}
