using System.Globalization;
using System.Text;
using ActorRing.Compute.Checkpoints;

namespace ActorRing.Cluster.Hosting.Store;

/// <summary>Holds a folder for one process: <c>flock</c> on the file <c>lock</c> in it, which the kernel frees when the holder dies, however it dies.</summary>
internal sealed class StoreLock : IDisposable
{
    private const int WouldBlock = 11;
    private readonly FileStream _file;

    private StoreLock(FileStream file) => _file = file;

    /// <exception cref="StoreHeldException">Another open log has the folder.</exception>
    internal static StoreLock Take(string folder)
    {
        var path = Path.Combine(folder, "lock");
        var file = TryOpen(path) ?? throw new StoreHeldException(folder, ReadHolder(path));
        try
        {
            if (!Libc.TryLock(file.SafeFileHandle))
            {
                throw new IOException($"{folder}: its file system has no locks (flock); use a folder on a local disk");
            }

            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            return new StoreLock(file);
        }
        catch
        {
            // Whoever tries again, in this process too, must find it free.
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    // FileShare.None is flock(LOCK_EX | LOCK_NB) in .NET for Linux, except that it overlooks file systems without locks.
    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                BufferSize = 0,
#pragma warning disable CA1416 // Linux only, as Libc is.
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
#pragma warning restore CA1416
            });
        }
        catch (IOException refusal) when (refusal.HResult == WouldBlock)
        {
            return null;
        }
    }

    private static int? ReadHolder(string path)
    {
        using var file = Libc.OpenRead(path); // .NET's own open would want the lock
        Span<byte> text = stackalloc byte[20];
        var length = RandomAccess.Read(file, text, 0);
        return int.TryParse(text[..length], CultureInfo.InvariantCulture, out var pid) ? pid : null;
    }
}

/// <summary>The folder belongs to another living process; the message is one line that names it.</summary>
public sealed class StoreHeldException(string folder, int? holder)
    : IOException($"{folder}: held by {(holder is { } pid ? $"process {pid}" : "another process")}; stop that one or use another folder")
{
    /// <summary>Process id of the holder, if it could be read.</summary>
    public int? Holder { get; } = holder;
}
