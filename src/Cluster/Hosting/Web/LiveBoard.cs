using System.Text;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Hosting.Web;

/// <summary>What the page of a running cluster shows, and what has changed since a reader last looked.</summary>
/// <remarks>
/// All readers share one list of the last 1,024 changes: who has not kept up with it begins again with a whole picture, so a slow one costs nobody anything. Safe to use from
/// several threads; nothing waits for a reader. Memory: 2,000 updates of each of the last 4 jobs, 200 events, the newest answer of each kind.
/// </remarks>
public sealed class LiveBoard
{
    internal const long Nothing = -1;
    private const int MostChanges = 1024;
    private const int MostEvents = 200;
    private const int MostJobs = 4;

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Queue<Change> _changes = [];
    private readonly Queue<byte[]> _events = [];
    private readonly SortedDictionary<string, (long Sequence, byte[] Json)> _answers = new(StringComparer.Ordinal);
    private readonly List<(JobId Job, StepHistory History)> _jobs = [];
    private MemberView _view = new(0, []);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _sequence;
    private long _wholeSince;
    private int _watchers;

    /// <summary>An empty one.</summary>
    /// <param name="time">For the times of events.</param>
    public LiveBoard(TimeProvider time) => _time = time;

    /// <summary>Pages that are open.</summary>
    public int Watchers => Volatile.Read(ref _watchers);

    /// <summary>Takes a committed update.</summary>
    /// <param name="row">The update.</param>
    /// <param name="batchTokens">Tokens of it over all ranks; null if rank 0 had all of them.</param>
    public void Take(StepRow row, long? batchTokens)
    {
        ArgumentNullException.ThrowIfNull(row);
        var seconds = row.Report.Elapsed.TotalSeconds;
        var point = new StepPoint(
            row.StepsDone, row.Report.Loss, row.Report.GradientNorm, seconds > 0 ? (batchTokens ?? row.Report.Tokens) / seconds : double.NaN, seconds,
            seconds > 0 ? row.Report.Waits.TotalSeconds / seconds : double.NaN, row.IsRepeated);
        lock (_gate)
        {
            HistoryOf(row.Job).Add(point);
            Add(isStep: true, LiveJson.Of(point));
        }
    }

    /// <summary>Takes what a machine said about itself; updates go to the other overload and are ignored here.</summary>
    public void Take(TelemetryRow row)
    {
        if (LiveJson.EventOf(row) is var (kind, text) && kind.Length > 0)
        {
            Tell(kind, text);
        }
    }

    /// <summary>Takes who is connected: comings and goings become events.</summary>
    public void See(MemberView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        foreach (var (was, status) in view.Members.Select(status => (_view.Find(status.Member.Name), status)))
        {
            if (status.Member.Name.StartsWith(Machines.Roles.ConsolePrefix, StringComparison.Ordinal) || (was?.IsUp == status.IsUp && was.Member == status.Member))
            {
                continue;
            }

            Tell("member", $"{status.Member.Name} {(status.IsUp ? "is here" : $"is gone: {Telemetry.Words.Of(status.Reason)}")}");
        }

        _view = view;
    }

    /// <summary>Shows who is there.</summary>
    /// <param name="pages">Of one answer, at least one.</param>
    public void Show(IReadOnlyList<MembersAnswer> pages) => Put("members", LiveJson.Of(pages));

    /// <summary>Shows jobs.</summary>
    public void Show(JobsAnswer answer) => Put("jobs", LiveJson.Of(answer));

    /// <summary>Shows the ring.</summary>
    /// <param name="pages">Of one answer, at least one.</param>
    public void Show(IReadOnlyList<RingAnswer> pages) => Put("ring", LiveJson.Of(pages));

    /// <summary>Shows a needle test's cells, those that there are so far.</summary>
    /// <param name="name">Of the test.</param>
    /// <param name="cells">The last 1,024 are shown.</param>
    public void Show(string name, IReadOnlyList<NeedleCell> cells) => Put("needle", LiveJson.Of(name, cells));

    /// <summary>Says why answers are old.</summary>
    /// <param name="why">One line; null when they are not.</param>
    public void ShowTrouble(string? why) => Put("trouble", LiveJson.Of(why));

    internal void Put(string topic, byte[] json)
    {
        lock (_gate)
        {
            if (!_answers.TryGetValue(topic, out var before) || !before.Json.AsSpan().SequenceEqual(json))
            {
                _answers[topic] = (++_sequence, json);
                Wake();
            }
        }
    }

    internal bool TryEnter(int most)
    {
        if (Interlocked.Increment(ref _watchers) <= most)
        {
            return true;
        }

        Leave();
        return false;
    }

    internal void Leave() => Interlocked.Decrement(ref _watchers);

    /// <summary>Ends when something has changed since.</summary>
    internal Task WaitAsync(long since)
    {
        lock (_gate)
        {
            return _sequence > since ? Task.CompletedTask : _changed.Task;
        }
    }

    /// <summary>What has changed since, as one event of a stream: the whole picture for who has none or has fallen behind.</summary>
    internal byte[] Read(ref long since)
    {
        lock (_gate)
        {
            var isWhole = since < _wholeSince || since == Nothing || (_changes.Count == MostChanges && _changes.Peek().Sequence > since + 1);
            var frame = isWhole ? Whole() : Changes(since);
            since = _sequence;
            return frame;
        }
    }

    private void Tell(string kind, string text)
    {
        var json = LiveJson.Of(_time.GetUtcNow(), kind, text);
        lock (_gate)
        {
            _events.Enqueue(json);
            if (_events.Count > MostEvents)
            {
                _events.Dequeue();
            }

            Add(isStep: false, json);
        }
    }

    private byte[] Whole()
    {
        var body = new StringBuilder("event: whole\ndata: {");
        var (job, history) = _jobs.Count > 0 ? _jobs[^1] : (default, new StepHistory());
        body.Append("\"job\":").Append(_jobs.Count > 0 ? $"\"{job}\"" : "null");
        Append(body, "steps", history.Points.Select(LiveJson.Of));
        body.Append(",\"recoveries\":[").AppendJoin(',', history.Recoveries.Select(recovery => $"[{recovery.From},{recovery.To}]")).Append(']');
        Append(body, "events", _events);
        return End(body, Nothing);
    }

    private byte[] Changes(long since)
    {
        var body = new StringBuilder("event: change\ndata: {\"ok\":1");
        var news = _changes.Where(change => change.Sequence > since).ToArray();
        Append(body, "steps", news.Where(change => change.IsStep).Select(change => change.Json));
        Append(body, "events", news.Where(change => !change.IsStep).Select(change => change.Json));
        return End(body, since);
    }

    private byte[] End(StringBuilder body, long since)
    {
        foreach (var (topic, (sequence, json)) in _answers)
        {
            if (sequence > since)
            {
                body.Append(",\"").Append(topic).Append("\":").Append(Encoding.UTF8.GetString(json));
            }
        }

        return Encoding.UTF8.GetBytes(body.Append("}\n\n").ToString());
    }

    private static void Append(StringBuilder body, string name, IEnumerable<byte[]> items) =>
        body.Append(",\"").Append(name).Append("\":[").AppendJoin(',', items.Select(Encoding.UTF8.GetString)).Append(']');

    private void Add(bool isStep, byte[] json)
    {
        _changes.Enqueue(new Change(++_sequence, isStep, json));
        if (_changes.Count > MostChanges)
        {
            _changes.Dequeue();
        }

        Wake();
    }

    private void Wake()
    {
        _changed.TrySetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    // The job that moved last is the one that is drawn; another one makes everybody begin again.
    private StepHistory HistoryOf(JobId job)
    {
        if (_jobs.Count == 0 || _jobs[^1].Job != job)
        {
            var at = _jobs.FindIndex(entry => entry.Job == job);
            var entry = at >= 0 ? _jobs[at] : (job, new StepHistory());
            _jobs.RemoveAll(other => other.Job == job);
            _jobs.Add(entry);
            _jobs.RemoveRange(0, Math.Max(0, _jobs.Count - MostJobs));
            _wholeSince = _sequence + 1;
        }

        return _jobs[^1].History;
    }

    private readonly record struct Change(long Sequence, bool IsStep, byte[] Json);
}
