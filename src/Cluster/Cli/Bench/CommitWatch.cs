using System.Diagnostics;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Cluster.Hosting.Store;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>A record of the coordinator's log, and when it was seen there by the clock of this process (<see cref="Stopwatch"/>).</summary>
internal readonly record struct SeenRecord(LogRecord Record, long Seen);

/// <summary>Reads a cluster's log while it is written: what is committed, without asking anybody.</summary>
internal sealed class CommitWatch : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(3);

    private readonly Lock _gate = new();
    private readonly List<SeenRecord> _records = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    /// <param name="folder">Of the cluster; there may be nothing in it yet.</param>
    internal CommitWatch(string folder) => _reading = ReadAsync(new LogTail(folder));

    /// <summary>Records so far.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _records.Count;
            }
        }
    }

    /// <summary>All records but so many before: a copy.</summary>
    internal IReadOnlyList<SeenRecord> Since(int count)
    {
        lock (_gate)
        {
            return _records[count..];
        }
    }

    /// <summary>Commits of a job, in their order.</summary>
    internal IReadOnlyList<(StepCommitted Step, long Seen)> CommitsOf(JobId job) =>
        [.. Since(0).Where(seen => seen.Record is StepCommitted step && step.Job == job).Select(seen => ((StepCommitted)seen.Record, seen.Seen))];

    /// <summary>The newest epoch of a job; null before the first.</summary>
    internal EpochIssued? EpochOf(JobId job) => Since(0).Select(seen => seen.Record).OfType<EpochIssued>().LastOrDefault(issued => issued.Job == job);

    /// <summary>Waits until a record is there, beyond so many.</summary>
    /// <returns>When it was seen.</returns>
    /// <exception cref="TimeoutException">It does not come; one line says what.</exception>
    internal async Task<long> UntilAsync(int count, Func<LogRecord, bool> isIt, string orElse, TimeSpan patience, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            foreach (var seen in Since(count))
            {
                count++;
                if (isIt(seen.Record))
                {
                    return seen.Seen;
                }
            }

            if (_reading.IsFaulted)
            {
                await _reading;
            }

            if (Stopwatch.GetElapsedTime(started) > patience)
            {
                throw new TimeoutException(orElse);
            }

            await Task.Delay(LookEvery, stop);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task ReadAsync(LogTail tail)
    {
        while (!_stop.IsCancellationRequested)
        {
            var records = tail.Read();
            var seen = Stopwatch.GetTimestamp();
            lock (_gate)
            {
                _records.AddRange(records.Select(record => new SeenRecord(record, seen)));
            }

            await Task.Delay(LookEvery, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
