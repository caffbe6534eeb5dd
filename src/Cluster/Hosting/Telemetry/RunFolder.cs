using System.Text;
using ActorRing.Actors.Effects;
using ActorRing.Cluster.Hosting.Telemetry.Files;
using ActorRing.Cluster.Hosting.Telemetry.TensorBoard;

namespace ActorRing.Cluster.Hosting.Telemetry;

/// <summary>
/// What a job leaves behind: <c>job.conf</c> (as given), <c>resolved.json</c>, <c>plan.json</c>, <c>metrics.jsonl</c>, <c>events.out.tfevents.*</c> and
/// <c>members/NAME.log</c>.
/// </summary>
/// <remarks>
/// Three threads write: one for documents, one for rows, one for members' lines; each behind a bounded queue. So no call but <see cref="Open(string, string, TimeProvider, Action{string})"/>
/// ever waits for a disk: what does not fit in a queue or on the disk is dropped, oldest first, and counted. A folder of an earlier run of the job is continued:
/// rows are appended, a torn last line is cut off, TensorBoard gets another events file. Safe to use from several threads; disposing waits two seconds at most
/// for each thread.
/// </remarks>
public sealed class RunFolder : IDisposable
{
    private const int MostMembers = 4096;
    private const int DocumentCapacity = 16;
    private const int RowCapacity = 4096;
    private const int LineCapacity = 16384;
    private readonly TimeProvider _time;
    private readonly SortedDictionary<string, byte[]> _documents = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, AppendFile> _logs = new(StringComparer.Ordinal);
    private readonly SinkThread<Item> _documentSink;
    private readonly SinkThread<Item> _rowSink;
    private readonly SinkThread<Item> _lineSink;
    private AppendFile? _metrics;
    private EventsFile? _events;

    private RunFolder(string path, TimeProvider time, Action<string> onTrouble, TimeSpan closeWithin)
    {
        Path = path;
        _time = time;
        _documentSink = new SinkThread<Item>("actorring documents", DocumentCapacity, Write, item => item.Target, onTrouble, closeWithin);
        _rowSink = new SinkThread<Item>("actorring run", RowCapacity, Write, item => item.Target, onTrouble, closeWithin);
        _lineSink = new SinkThread<Item>("actorring members", LineCapacity, Write, item => item.Target, onTrouble, closeWithin);
    }

    /// <summary>The folder itself.</summary>
    public string Path { get; }

    /// <summary>Rows, counted per file, that are not in the folder; for <see cref="Instruments.Watch"/>.</summary>
    public long DroppedRows => _rowSink.Dropped;

    /// <summary>Members' lines that are not in the folder; for <see cref="Instruments.Watch"/>.</summary>
    public long DroppedLines => _lineSink.Dropped;

    /// <summary>Makes <c>root/name</c>, or continues it. Waits for the disk: not for a thread that steps a machine.</summary>
    /// <param name="root">Made if it does not exist.</param>
    /// <param name="name">Of the job, or its id: letters, digits, <c>.</c>, <c>_</c>, <c>-</c>, at most 64, not starting with <c>.</c>.</param>
    /// <param name="time">Wall clock for TensorBoard.</param>
    /// <param name="onTrouble">Called from the folder's own threads with one line when a file cannot be written, once until it can again. Must not throw.</param>
    /// <exception cref="ArgumentException">One line: the name is not allowed.</exception>
    /// <exception cref="IOException">One line: the folder cannot be made.</exception>
    public static RunFolder Open(string root, string name, TimeProvider time, Action<string> onTrouble) => Open(root, name, time, onTrouble, TimeSpan.FromSeconds(2));

    /// <summary>Keeps the job: its text as it was given and what came of it, see <see cref="ResolvedConfig"/>.</summary>
    public void WriteJob(string hocon, string resolvedJson)
    {
        Put("job.conf", Encoding.UTF8.GetBytes(hocon));
        Put("resolved.json", Encoding.UTF8.GetBytes(resolvedJson));
    }

    /// <summary>Keeps the plan of the newest epoch, in place of the one before; readers never see a part of it.</summary>
    public void WritePlan(ReadOnlyMemory<byte> json) => Put("plan.json", json.ToArray());

    /// <summary>Appends a committed update to <c>metrics.jsonl</c> and to TensorBoard's events.</summary>
    public void Append(StepRow row, StepSetting setting)
    {
        var time = _time.GetUtcNow();
        // Two items, so that one file's trouble costs the other nothing.
        _rowSink.Post(new Item(File("metrics.jsonl"), () => (_metrics ??= AppendFile.OpenLines(File("metrics.jsonl"))).Write([.. MetricsRow.Of(row, setting), (byte)'\n'])));
        _rowSink.Post(new Item(File("events.out.tfevents"), () => (_events ??= EventsFile.Create(Path, time)).Write(time, row, setting)));
    }

    /// <summary>Appends a line to <c>members/NAME.log</c>, as it is apart from control characters.</summary>
    /// <exception cref="ArgumentException">The member's name cannot be that of a file.</exception>
    public void AppendMemberLine(string member, string line)
    {
        if (!Words.IsFileName(member))
        {
            throw new ArgumentException($"member: {Clean(member)}; allowed: letters, digits, '.', '_', '-', at most 64 of them, not starting with '.'", nameof(member));
        }

        _lineSink.Post(new Item(System.IO.Path.Combine(Path, "members", member + ".log"), () => Log(member).Write(Encoding.UTF8.GetBytes(Clean(line) + "\n"))));
    }

    /// <summary>Waits until everything so far is written or lost.</summary>
    /// <returns>False if <paramref name="within"/> passed first.</returns>
    public bool Flush(TimeSpan within) => _documentSink.Flush(within) && _rowSink.Flush(within) && FlushMembers(within);

    /// <inheritdoc/>
    public void Dispose()
    {
        bool isWaiting;
        lock (_gate)
        {
            isWaiting = _documents.Count > 0;
        }

        if (isWaiting)
        {
            // The disk may have been full when they were put.
            _documentSink.Post(new Item(Path, WriteDocuments));
        }

        _documentSink.Dispose();
        _rowSink.Dispose();
        _lineSink.Dispose();
        // A thread that is stuck goes on owning its files.
        if (_rowSink.HasEnded)
        {
            _metrics?.Dispose();
            _events?.Dispose();
        }

        if (_lineSink.HasEnded)
        {
            foreach (var log in _logs.Values)
            {
                log.Dispose();
            }
        }
    }

    internal bool FlushMembers(TimeSpan within) => _lineSink.Flush(within);

    internal static RunFolder Open(string root, string name, TimeProvider time, Action<string> onTrouble, TimeSpan closeWithin)
    {
        if (!Words.IsFileName(name))
        {
            throw new ArgumentException($"run name: {Clean(name)}; allowed: letters, digits, '.', '_', '-', at most 64 of them, not starting with '.'", nameof(name));
        }

        var path = System.IO.Path.Combine(root, name);
        try
        {
            Directory.CreateDirectory(System.IO.Path.Combine(path, "members"));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"run folder: {path}: {fault.Message.TrimEnd('.')}; allowed: a folder that can be made and written to", fault);
        }

        return new RunFolder(path, time, onTrouble, closeWithin);
    }

    private static string Clean(string text) => string.Concat(text.Select(c => char.IsControl(c) && c != '\t' ? '\uFFFD' : c));

    private static void Write(Item item) => item.Write();

    private string File(string name) => System.IO.Path.Combine(Path, name);

    private AppendFile Log(string member)
    {
        if (!_logs.TryGetValue(member, out var log))
        {
            if (_logs.Count >= MostMembers)
            {
                throw new IOException($"more than {MostMembers} members");
            }

            _logs[member] = log = AppendFile.OpenLines(System.IO.Path.Combine(Path, "members", member + ".log"));
        }

        return log;
    }

    // Whatever falls out of the queue, its last item writes everything that waits.
    private void Put(string name, byte[] content)
    {
        lock (_gate)
        {
            _documents[name] = content;
        }

        _documentSink.Post(new Item(File(name), WriteDocuments));
    }

    private void WriteDocuments()
    {
        KeyValuePair<string, byte[]>[] waiting;
        lock (_gate)
        {
            waiting = [.. _documents];
        }

        foreach (var (name, content) in waiting)
        {
            var part = File(name + ".part");
            System.IO.File.WriteAllBytes(part, content);
            System.IO.File.Move(part, File(name), overwrite: true);
            lock (_gate)
            {
                // A newer one may have come meanwhile.
                if (ReferenceEquals(_documents[name], content))
                {
                    _documents.Remove(name);
                }
            }
        }
    }

    private sealed record Item(string Target, Action Write);
}
