using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ActorRing.Compute.Checkpoints;

/// <summary>The few Linux calls that .NET lacks or answers wrongly; each checks the return code and throws one line naming the path.</summary>
/// <remarks>
/// <c>FileStream.Flush(true)</c> of .NET 10 hides every fsync error (its native shim answers 1 where the managed side tests for less than 0).
/// </remarks>
internal static unsafe partial class Libc
{
    private const int ReadOnlyNonBlockingCloseOnExec = 0x800 | 0x80000;
    private const int EmptyPath = 0x1000;
    private const uint TypeMask = 1;
    private const int ModeOffset = 28;
    private const int Interrupted = 4;
    private const int NoEntry = 2;
    private const int NotADirectory = 20;
    private const int WouldBlock = 11;
    private const int ExclusiveWithoutWaiting = 2 | 4;
    private const int CurrentDirectory = -100;
    private const uint ExchangeNames = 2;

    /// <summary>
    /// Opens for reading without ever waiting: a FIFO, which would block a plain open until a writer comes, opens at once and can then be refused.
    /// </summary>
    /// <exception cref="FileNotFoundException">Nothing has that name.</exception>
    /// <exception cref="IOException">Any other refusal of the kernel.</exception>
    public static SafeFileHandle OpenRead(string path)
    {
        int descriptor;
        do
        {
            descriptor = Open(path, ReadOnlyNonBlockingCloseOnExec);
        }
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        if (descriptor < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw error is NoEntry or NotADirectory
                ? new FileNotFoundException($"{path}: no such file", path)
                : Failed("open", path, error);
        }
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>The <c>S_IFMT</c> bits of an open file: 0x8000 for a regular file, 0x4000 for a directory.</summary>
    public static int FileType(SafeFileHandle file, string path)
    {
        // statx, unlike stat, has one layout on every architecture.
        var buffer = stackalloc byte[256];
        if (Statx(file, "", EmptyPath, TypeMask, buffer) != 0)
        {
            throw Failed("statx", path, Marshal.GetLastPInvokeError());
        }
        return *(ushort*)(buffer + ModeOffset) & 0xF000;
    }

    /// <summary>Returns once the file's bytes and length are on the disk. After a failure the file must be written anew, never synced again.</summary>
    /// <exception cref="IOException">The kernel reported that the bytes may be lost.</exception>
    public static void Fsync(SafeFileHandle file, string path)
    {
        int result;
        do
        {
            result = Fsync(file);
        }
        while (result != 0 && Marshal.GetLastPInvokeError() == Interrupted);
        if (result != 0)
        {
            throw Failed("fsync", path, Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Atomically gives <paramref name="from"/> the name <paramref name="to"/>, replacing a file (or an empty directory) of that name.</summary>
    public static void Rename(string from, string to)
    {
        if (RenameRaw(from, to) != 0)
        {
            throw Failed($"rename of {from}", to, Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Atomically exchanges two names. Not every file system can (NFS cannot); nothing has changed then.</summary>
    public static void Exchange(string one, string other)
    {
        if (RenameExchange(CurrentDirectory, one, CurrentDirectory, other, ExchangeNames) != 0)
        {
            throw Failed($"exchange with {one}", other, Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Takes the lock of an open file or folder without waiting; it is held until the handle closes, so that it never outlives its owner.</summary>
    /// <returns>False if another handle holds it, or the file system has no such locks.</returns>
    public static bool TryLock(SafeFileHandle file) => Flock(file, ExclusiveWithoutWaiting) == 0;

    /// <summary>The same, for those who would wait.</summary>
    /// <returns>False only if another handle holds the lock: where there are no locks, nobody would ever let go of one.</returns>
    public static bool TryLockIfLockable(SafeFileHandle file) => TryLock(file) || Marshal.GetLastPInvokeError() != WouldBlock;

    private static IOException Failed(string call, string path, int error) =>
        new($"{path}: {call} failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})", error);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(SafeFileHandle directory, string path, int flags, uint mask, byte* result);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int RenameExchange(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int RenameRaw(string from, string to);
}
