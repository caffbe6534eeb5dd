using Microsoft.Win32.SafeHandles;

namespace ActorRing.Compute.Checkpoints;

/// <summary>A folder that is filled under a temporary name beside its final one and appears under that only when all of it is on the disk. Mode 0700.</summary>
/// <remarks>
/// Every file inside must be durable already (<see cref="DurableFile"/>); <see cref="Commit"/> syncs the folder, renames it and syncs its parent. What a killed
/// process left of the same folder, the next one deletes (<see cref="TemporaryName"/>).
/// </remarks>
public sealed class DurableDirectory : IDisposable
{
    private readonly FlushToDisk flush;
    private readonly SafeFileHandle owned;
    private readonly bool replace;
    private bool finished;

    private DurableDirectory(string path, FlushToDisk flush, bool replace)
    {
        this.replace = replace;
        Path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        this.flush = flush;
        if (Directory.Exists(Path) ? !replace && Directory.EnumerateFileSystemEntries(Path).Any() : File.Exists(Path))
        {
            throw new IOException($"{Path}: already exists; a new name or an empty folder is allowed");
        }
        var parent = System.IO.Path.GetDirectoryName(Path) ?? throw new IOException($"{Path}: is the root; a folder below it is allowed");
        if (!Directory.Exists(parent))
        {
            throw new DirectoryNotFoundException($"{parent}: no such folder to hold {System.IO.Path.GetFileName(Path)}");
        }
        TemporaryName.DeleteDead(Path);
        TemporaryPath = TemporaryName.For(Path);
#pragma warning disable CA1416 // Linux only, as Libc is.
        Directory.CreateDirectory(TemporaryPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
#pragma warning restore CA1416
        owned = Libc.OpenRead(TemporaryPath);
        _ = Libc.TryLock(owned); // where locks do not exist the process id in the name has to do
    }

    /// <summary>Full path that the folder gets on <see cref="Commit"/>.</summary>
    public string Path { get; }

    /// <summary>Full path under which the folder is filled.</summary>
    public string TemporaryPath { get; }

    /// <summary>Makes the temporary folder.</summary>
    /// <param name="path">Final path; nothing may have it yet, or an empty folder.</param>
    /// <param name="replace">Whether a folder with content may have it: that one stays whole until <see cref="Commit"/> takes its place.</param>
    /// <exception cref="IOException">The path is taken or cannot be written to.</exception>
    public static DurableDirectory Create(string path, bool replace = false) => new(path, Libc.Fsync, replace);

    /// <summary>As <see cref="Create(string, bool)"/>, with the sync as a parameter so that its failure can be tested.</summary>
    internal static DurableDirectory Create(string path, FlushToDisk flush, bool replace = false) => new(path, flush, replace);

    /// <summary>Makes the names inside a folder durable.</summary>
    internal static void Flush(string path, FlushToDisk flush)
    {
        using var handle = Libc.OpenRead(path);
        flush(handle, path);
    }

    /// <summary>Makes the folder durable and gives it its name.</summary>
    /// <exception cref="IOException">A sync or the rename failed; unless it was the sync of the parent, nothing has appeared under the final name.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(finished, this);
        Flush(TemporaryPath, flush);
        var old = replace && Directory.Exists(Path);
        if (old)
        {
            // At every moment the name leads to one whole folder; the old one is deleted once that is certain.
            Libc.Exchange(TemporaryPath, Path);
        }
        else
        {
            Libc.Rename(TemporaryPath, Path);
        }

        finished = true;
        owned.Dispose();
        Flush(System.IO.Path.GetDirectoryName(Path)!, flush);
        if (old)
        {
            Directory.Delete(TemporaryPath, recursive: true);
        }
    }

    /// <summary>Deletes the temporary folder and all it holds unless it was committed.</summary>
    public void Dispose()
    {
        if (!finished)
        {
            finished = true;
            owned.Dispose();
            Directory.Delete(TemporaryPath, recursive: true);
        }
    }
}
