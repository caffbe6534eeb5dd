namespace ActorRing.Cluster.Hosting.Telemetry.Files;

/// <summary>A file that only grows by whole records: one write call each, and a record that did not fit is cut off again.</summary>
public sealed class AppendFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly bool _canCut;

    private AppendFile(FileStream stream)
    {
        _stream = stream;
        // A pipe has no end to go back to.
        _canCut = stream.CanSeek;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>Opens for appending. What follows the last line end is the rest of a write that was cut off, and goes.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static AppendFile OpenLines(string path)
    {
        var file = new AppendFile(Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite));
        try
        {
            if (file._canCut)
            {
                file.Cut(LastLineEnd(file._stream));
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Makes a file that must not exist yet.</summary>
    /// <exception cref="IOException">It exists, or cannot be made.</exception>
    public static AppendFile Create(string path) => new(Open(path, FileMode.CreateNew, FileAccess.Write));

    /// <summary>Empties a file, or makes it.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static AppendFile Overwrite(string path) => new(Open(path, FileMode.Create, FileAccess.Write));

    /// <summary>Appends; waits for the system, not for the disk.</summary>
    /// <exception cref="IOException">Nothing of <paramref name="record"/> is in the file, as far as the file can be cut.</exception>
    public void Write(ReadOnlySpan<byte> record)
    {
        var start = _canCut ? _stream.Position : 0;
        try
        {
            _stream.Write(record);
        }
        catch (IOException) when (_canCut)
        {
            Cut(start);
            throw;
        }
    }

    private void Cut(long length)
    {
        // Equal for a device, which cannot be cut at all.
        if (_stream.Length > length)
        {
            _stream.SetLength(length);
        }

        _stream.Seek(length, SeekOrigin.Begin);
    }

    private static FileStream Open(string path, FileMode mode, FileAccess access) => new(path, mode, access, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private static long LastLineEnd(FileStream stream)
    {
        var end = stream.Length;
        Span<byte> block = stackalloc byte[4096];
        while (end > 0)
        {
            var start = Math.Max(0, end - block.Length);
            stream.Seek(start, SeekOrigin.Begin);
            var part = block[..(int)(end - start)];
            stream.ReadExactly(part);
            var newLine = part.LastIndexOf((byte)'\n');
            if (newLine >= 0)
            {
                return start + newLine + 1;
            }

            end = start;
        }

        return 0;
    }
}
