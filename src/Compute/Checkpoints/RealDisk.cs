using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace ActorRing.Compute.Checkpoints;

/// <summary>The disk of this machine.</summary>
/// <param name="flush">How files become durable.</param>
[SuppressMessage("Interoperability", "CA1416:Validate platform compatibility", Justification = "Linux only, as Libc is.")]
internal sealed class RealDisk(FlushToDisk flush) : IDisk
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public RealDisk()
        : this(Libc.Fsync)
    {
    }

    public FileStream CreateFile(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.CreateNew,
        Access = FileAccess.Write,
        Share = FileShare.None, // and with it the lock that says the owner lives
        BufferSize = 0,
        UnixCreateMode = OwnerOnly,
    });

    public void Write(FileStream file, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file.SafeFileHandle, bytes, offset);

    public void Sync(SafeFileHandle file, string path) => flush(file, path);

    public void Rename(string from, string to) => Libc.Rename(from, to);

    public void Exchange(string one, string other) => Libc.Exchange(one, other);

    public void CreateFolder(string path) => Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);

    public void DeleteFile(string path) => File.Delete(path);

    public void DeleteFolder(string path) => Directory.Delete(path, recursive: true);
}
