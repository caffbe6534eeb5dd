using System.Buffers.Binary;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages.Wire;

namespace ActorRing.Cluster.Hosting.Store;

/// <summary>Follows the log of a cluster whose seed runs in another process: whole records in their order, each once.</summary>
/// <remarks>Changes nothing and holds no lock. A seed that starts may put another file in the place of the log: from then on a tail sees nothing more. Not for several threads.</remarks>
public sealed class LogTail
{
    private readonly string _path;
    private ulong _sequence;
    private long _offset;

    /// <summary>A tail that has read nothing.</summary>
    /// <param name="folder">Of the cluster; there may be no log in it yet.</param>
    public LogTail(string folder) => _path = Path.Combine(folder, "log");

    /// <summary>The newest term that was read; 0 before the first.</summary>
    public long Term { get; private set; }

    /// <summary>The records that were written since it was called last.</summary>
    /// <exception cref="LogCorruptException">A term does not follow the one before.</exception>
    /// <exception cref="InvalidDataException">A record cannot be read by this version.</exception>
    public IReadOnlyList<LogRecord> Read()
    {
        var file = new FileInfo(_path);
        if (!file.Exists || file.Length <= _offset)
        {
            return [];
        }

        var bytes = ReadRest();
        var at = _offset == 0 ? LogFormat.Magic.Length : 0;
        var records = new List<LogRecord>();
        while (at < bytes.Length && LogFormat.Read(bytes, at, _sequence + 1) is { } found)
        {
            var payload = bytes.AsSpan(found.PayloadOffset, found.PayloadLength);
            if (found.Kind == LogFormat.Kind.Term)
            {
                var term = BinaryPrimitives.ReadInt64LittleEndian(payload);
                Term = term > Term ? term : throw new LogCorruptException(_path, _offset + at, $"term {term} after term {Term}");
            }
            else
            {
                var error = LogCodec.TryDecode(payload, out var record);
                records.Add(error == WireError.None ? record! : throw new InvalidDataException($"{_path}: record {_sequence + 1}: {error}; allowed: a log that this version wrote"));
            }

            at = found.End;
            _sequence++;
        }

        _offset += _sequence == 0 ? 0 : at;
        return records;
    }

    private byte[] ReadRest()
    {
        using var stream = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = _offset;
        var bytes = new byte[stream.Length - _offset];
        return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }
}
