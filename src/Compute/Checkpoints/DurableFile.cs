namespace ActorRing.Compute.Checkpoints;

/// <summary>A file that appears under its name only when it is complete and on the disk; until then it has a temporary name beside it.</summary>
/// <remarks>
/// Order of <see cref="Commit"/>: fsync of the file, rename, fsync of the directory. A crash at any point leaves the old file or the new one, never a
/// mixture; at worst a file <c>.NAME.tmp-*</c> stays behind, which the next writer of NAME deletes (<see cref="TemporaryName"/>). Mode 0600. One writer at a time; not safe to share between threads.
/// </remarks>
public sealed class DurableFile : IDisposable
{
    private readonly FileStream stream;
    private readonly string temporary;
    private readonly FlushToDisk flush;
    private bool finished;

    private DurableFile(string path, FlushToDisk flush)
    {
        Path = System.IO.Path.GetFullPath(path);
        this.flush = flush;
        TemporaryName.DeleteDead(Path);
        temporary = TemporaryName.For(Path);
        stream = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None, // and with it the lock that says the owner lives
            BufferSize = 0,
#pragma warning disable CA1416 // Linux only, as Libc is.
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
#pragma warning restore CA1416
        });
    }

    /// <summary>Full path of the name that the file gets on <see cref="Commit"/>.</summary>
    public string Path { get; }

    /// <summary>Bytes appended so far.</summary>
    public long Length { get; private set; }

    private string Directory => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>Starts an empty file under a temporary name in the folder of <paramref name="path"/>.</summary>
    /// <param name="path">The final name. A file that has it already stays untouched until <see cref="Commit"/> replaces it.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public static DurableFile Create(string path) => Create(path, Libc.Fsync);

    /// <summary>As <see cref="Create(string)"/>, with the sync as a parameter so that its failure can be tested.</summary>
    internal static DurableFile Create(string path, FlushToDisk flush) => new(path, flush);

    /// <summary>Writes one whole file durably: <see cref="Create(string)"/>, <see cref="Append"/>, <see cref="Commit"/>.</summary>
    /// <exception cref="IOException">Disk full, sync refused and the like; what had the name before is still there.</exception>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = Create(path);
        file.Append(bytes);
        file.Commit();
    }

    /// <summary>Appends bytes, straight to the kernel: pass large spans.</summary>
    /// <exception cref="IOException">Disk full, quota, I/O error. Dispose then; nothing has appeared under the final name.</exception>
    /// <exception cref="ObjectDisposedException">The file is committed or disposed.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(finished, this);
        RandomAccess.Write(stream.SafeFileHandle, bytes, Length);
        Length += bytes.Length;
    }

    /// <summary>Makes the file durable and gives it its name.</summary>
    /// <exception cref="IOException">
    /// A sync or the rename failed. If the sync of the file or the rename failed, the final name is untouched and the temporary file is gone. If the sync of
    /// the directory failed, the new file is complete under its name but a power cut may bring the old one back.
    /// </exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(finished, this);
        try
        {
            flush(stream.SafeFileHandle, temporary);
            Libc.Rename(temporary, Path);
            stream.Dispose();
        }
        catch
        {
            Dispose();
            throw;
        }
        finished = true;
        DurableDirectory.Flush(Directory, flush);
    }

    /// <summary>Deletes the temporary file unless it was committed.</summary>
    public void Dispose()
    {
        stream.Dispose();
        if (!finished)
        {
            finished = true;
            File.Delete(temporary);
        }
    }
}
