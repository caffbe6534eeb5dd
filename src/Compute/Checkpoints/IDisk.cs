using Microsoft.Win32.SafeHandles;

namespace ActorRing.Compute.Checkpoints;

/// <summary>Everything by which durable files and folders change a disk, so that specs can fail or cut off any of it; <see cref="RealDisk"/> elsewhere.</summary>
/// <remarks>Every operation throws <see cref="IOException"/> naming the path when the kernel refuses.</remarks>
internal interface IDisk
{
    /// <summary>Makes a file that did not exist, mode 0600, locked by whoever has it open.</summary>
    FileStream CreateFile(string path);

    /// <summary>Writes all of some bytes at an offset.</summary>
    void Write(FileStream file, ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Returns once an open file or folder is on the disk; after a failure it must be written anew.</summary>
    void Sync(SafeFileHandle file, string path);

    /// <summary>Gives a file or folder another name, atomically.</summary>
    void Rename(string from, string to);

    /// <summary>Exchanges two names, atomically.</summary>
    void Exchange(string one, string other);

    /// <summary>Makes a folder of mode 0700; one that exists stays as it is.</summary>
    void CreateFolder(string path);

    /// <summary>Deletes a file.</summary>
    void DeleteFile(string path);

    /// <summary>Deletes a folder and all that is in it; not atomic.</summary>
    void DeleteFolder(string path);
}
