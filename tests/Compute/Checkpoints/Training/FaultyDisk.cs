using ActorRing.Compute.Checkpoints;
using Microsoft.Win32.SafeHandles;

namespace ActorRing.Compute.Specs.Checkpoints.Training;

/// <summary>How an operation goes wrong.</summary>
public enum Fault
{
    /// <summary>It is refused; the process goes on.</summary>
    Refusal,

    /// <summary>The process dies in the middle of it: half of a write is done, nothing of anything else, and nothing comes after it.</summary>
    Death,

    /// <summary>The process dies right after it.</summary>
    DeathAfterwards,
}

/// <summary>A disk on which one operation goes wrong.</summary>
/// <param name="fault">How.</param>
/// <param name="at">Which operation, from 0.</param>
internal sealed class FaultyDisk(Fault fault, int at) : IDisk
{
    private readonly RealDisk _disk = new();
    private int _next;

    /// <summary>Whether the operation came.</summary>
    internal bool Struck => _next > at;

    public FileStream CreateFile(string path)
    {
        FileStream? file = null;
        Do(path, () => file = _disk.CreateFile(path), () => file?.Dispose());
        return file!;
    }

    public void Write(FileStream file, ReadOnlySpan<byte> bytes, long offset)
    {
        var whole = bytes.ToArray();
        Do(file.Name, () => _disk.Write(file, whole, offset), half: () => _disk.Write(file, whole.AsSpan(0, whole.Length / 2), offset));
    }

    public void Sync(SafeFileHandle file, string path) => Do(path, () => _disk.Sync(file, path));

    public void Rename(string from, string to) => Do(to, () => _disk.Rename(from, to));

    public void Exchange(string one, string other) => Do(other, () => _disk.Exchange(one, other));

    public void CreateFolder(string path) => Do(path, () => _disk.CreateFolder(path));

    public void DeleteFile(string path) => Do(path, () => _disk.DeleteFile(path));

    public void DeleteFolder(string path) => Do(path, () => _disk.DeleteFolder(path), half: () => File.Delete(Directory.GetFiles(path).First()));

    private void Do(string path, Action operation, Action? undo = null, Action? half = null)
    {
        var number = _next++;
        if (number < at || (number > at && fault == Fault.Refusal))
        {
            operation();
        }
        else if (fault == Fault.Refusal)
        {
            throw new IOException($"{path}: refused");
        }
        else if (number == at && fault == Fault.DeathAfterwards)
        {
            operation();
            undo?.Invoke();
        }
        else if (number == at)
        {
            half?.Invoke();
        }

        if (number >= at && fault != Fault.Refusal)
        {
            throw new ProcessDeath();
        }
    }

    /// <summary>Not an error that code may handle.</summary>
    internal sealed class ProcessDeath : Exception;
}
