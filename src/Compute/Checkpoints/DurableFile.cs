using System.Security.Cryptography;

namespace ActorRing.Compute.Checkpoints;

/// <summary>A file that appears under its name only when it is complete and on the disk; until then it has a temporary name beside it.</summary>
/// <remarks>
/// Order of <see cref="Commit"/>: fsync of the file, rename, fsync of the directory. A crash at any point leaves the old file or the new one, never a
/// mixture; at worst a file <c>.NAME.tmp-*</c> stays behind, which the next writer of NAME deletes (<see cref="TemporaryName"/>). Mode 0600. One writer at a time; not safe to share between threads.
/// </remarks>
public sealed class DurableFile : IDisposable
{
    /// <summary>Bytes that may wait for the disk: what is left to <see cref="Commit"/> then takes no longer than any other part of a large file.</summary>
    internal const long MostUnsyncedBytes = 64 << 20;

    private readonly FileStream stream;
    private readonly string temporary;
    private readonly IDisk disk;
    private readonly IncrementalHash? sha256;
    private long synced;
    private bool finished;

    private DurableFile(string path, IDisk disk, IncrementalHash? sha256)
    {
        Path = System.IO.Path.GetFullPath(path);
        this.disk = disk;
        this.sha256 = sha256;
        TemporaryName.DeleteDead(Path);
        temporary = TemporaryName.For(Path);
        stream = disk.CreateFile(temporary);
    }

    /// <summary>Full path of the name that the file gets on <see cref="Commit"/>.</summary>
    public string Path { get; }

    /// <summary>Bytes appended so far.</summary>
    public long Length { get; private set; }

    /// <summary>Whether the file has got its name: also where the sync of its folder failed afterwards, so that a power cut may bring the old one back.</summary>
    public bool HasName { get; private set; }

    private string Directory => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>Starts an empty file under a temporary name in the folder of <paramref name="path"/>.</summary>
    /// <param name="path">The final name. A file that has it already stays untouched until <see cref="Commit"/> replaces it.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public static DurableFile Create(string path) => Create(path, new RealDisk());

    /// <summary>As <see cref="Create(string)"/>, with the sync as a parameter so that its failure can be tested.</summary>
    internal static DurableFile Create(string path, FlushToDisk flush) => Create(path, new RealDisk(flush));

    /// <summary>As <see cref="Create(string)"/>, on a disk that may fail.</summary>
    /// <param name="path">The final name.</param>
    /// <param name="disk">Carries out every change.</param>
    /// <param name="sha256">Fed with every byte that is appended; the caller's.</param>
    internal static DurableFile Create(string path, IDisk disk, IncrementalHash? sha256 = null) => new(path, disk, sha256);

    /// <summary>Writes one whole file durably: <see cref="Create(string)"/>, <see cref="Append"/>, <see cref="Commit"/>.</summary>
    /// <exception cref="IOException">Disk full, sync refused and the like; what had the name before is still there.</exception>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes) => WriteAllBytes(path, bytes, new RealDisk());

    /// <summary>As the public one, on a disk that may fail.</summary>
    internal static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes, IDisk disk)
    {
        using var file = Create(path, disk);
        file.Append(bytes);
        file.Commit();
    }

    /// <summary>Appends bytes, straight to the kernel: pass large spans.</summary>
    /// <exception cref="IOException">Disk full, quota, I/O error, a refused sync (there is one every 64 MiB). Dispose then; nothing has appeared under the final name.</exception>
    /// <exception cref="ObjectDisposedException">The file is committed or disposed.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(finished, this);
        disk.Write(stream, bytes, Length);
        sha256?.AppendData(bytes);
        Length += bytes.Length;
        if (Length - synced >= MostUnsyncedBytes)
        {
            disk.Sync(stream.SafeFileHandle, temporary);
            synced = Length;
        }
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
            disk.Sync(stream.SafeFileHandle, temporary);
            disk.Rename(temporary, Path);
            HasName = finished = true;
            stream.Dispose();
        }
        catch
        {
            Dispose();
            throw;
        }
        DurableDirectory.Flush(Directory, disk.Sync);
    }

    /// <summary>Deletes the temporary file unless it was committed.</summary>
    public void Dispose()
    {
        stream.Dispose();
        if (!finished)
        {
            finished = true;
            disk.DeleteFile(temporary);
        }
    }
}
