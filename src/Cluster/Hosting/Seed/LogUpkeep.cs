using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Cluster.Hosting.Store;

namespace ActorRing.Cluster.Hosting.Seed;

/// <summary>What a seed does with its log before its machine begins: reads it, and leaves out what says nothing any more where that is worth a rewriting.</summary>
/// <remarks>
/// Worth it: at least half of the file and at least <see cref="LeastSavedBytes"/> of it (about 1,000 updates). So a log is rewritten once for as much as it has
/// grown, and its length stays below twice what still counts and that much more. Every seed reads all of it.
/// </remarks>
internal static class LogUpkeep
{
    internal const long LeastSavedBytes = 64 << 10;

    /// <summary>The log's records; fewer than there were if it was rewritten, and to the same effect (<see cref="JobBook.Compact"/>).</summary>
    /// <param name="log">Just opened.</param>
    /// <param name="say">Told in one line that it was rewritten, or why it could not be and goes on as it is.</param>
    /// <exception cref="InvalidDataException">It holds a record that this version cannot read.</exception>
    /// <exception cref="IOException">It must be opened anew (<see cref="RecordLog.Rewrite"/>).</exception>
    internal static IReadOnlyList<LogRecord> Read(RecordLog log, Action<string> say)
    {
        var records = new List<LogRecord>();
        foreach (var entry in log.Entries)
        {
            var error = LogCodec.TryDecode(entry.Span, out var record);
            records.Add(error == WireError.None ? record! : throw new InvalidDataException($"{log.Path}: record {records.Count + 1}: {error}; allowed: a log that this version wrote"));
        }

        var fewest = JobBook.Compact(records);
        List<ReadOnlyMemory<byte>> payloads = [.. fewest.Select(record => (ReadOnlyMemory<byte>)LogCodec.Encode(record))];
        var (before, after) = (log.Length, RecordLog.LengthOf(payloads));
        if (before - after < Math.Max(LeastSavedBytes, before / 2))
        {
            return records;
        }

        try
        {
            log.Rewrite(payloads);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException && log.IsUsable)
        {
            say($"the log stays as it is, {before} bytes: {failure.Message.ReplaceLineEndings(" ")}");
            return records;
        }

        say($"log rewritten: {records.Count} records were {fewest.Length} that still count, {before} bytes {after}");
        return fewest;
    }
}
