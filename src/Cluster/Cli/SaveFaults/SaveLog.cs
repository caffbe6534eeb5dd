using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Store;

namespace ActorRing.Cluster.Cli.SaveFaults;

/// <summary>The coordinator's log with one job in it, and what a coordinator makes of it.</summary>
internal sealed class SaveLog : IDisposable
{
    private readonly RecordLog _log;
    private readonly List<LogRecord> _records;

    /// <summary>Opens it as a seed does.</summary>
    /// <exception cref="IOException">As <see cref="RecordLog.Open(string)"/>.</exception>
    internal SaveLog(string folder)
    {
        _log = RecordLog.Open(folder);
        _records = [.. _log.Entries.Select(entry => Decode(entry.Span))];
    }

    internal static JobId Id => new(1);

    internal long Term => _log.Term;

    /// <summary>The job as the log tells it; null if it was never submitted.</summary>
    internal JobRecord? Job => new CoordinatorMachine(_log.Term, _records, new(), new JobPlanner()).Book.Find(Id);

    /// <summary>As the seed does before it says so.</summary>
    internal void Append(LogRecord record)
    {
        _log.Append(LogCodec.Encode(record));
        _records.Add(record);
    }

    /// <summary>The job; submitted if it was not.</summary>
    internal JobRecord JobOf(JobSpec spec)
    {
        if (Job is { } known)
        {
            return known;
        }

        Append(new JobSubmitted(Id, "save", "", spec));
        return Job!;
    }

    public void Dispose() => _log.Dispose();

    private LogRecord Decode(ReadOnlySpan<byte> entry) =>
        LogCodec.TryDecode(entry, out var record) is var error && error == WireError.None ? record! : throw new InvalidDataException($"{_log.Path}: {error}");
}
