using Microsoft.Win32.SafeHandles;

namespace ActorRing.Compute.Checkpoints;

/// <summary>Opens files that came from elsewhere: regular files only, and none that a link puts outside the folder it was named in.</summary>
internal static class RegularFile
{
    private const int Regular = 0x8000;

    /// <summary>Opens for positional reads. What is checked is what was opened, so exchanging the file meanwhile gains nothing.</summary>
    /// <exception cref="FileNotFoundException">Nothing has that name.</exception>
    /// <exception cref="InvalidDataException">A directory, device, FIFO or socket, or a link that leads out of the folder.</exception>
    public static SafeFileHandle OpenRead(string path)
    {
        var file = Libc.OpenRead(path);
        try
        {
            if (Libc.FileType(file, path) != Regular)
            {
                throw new InvalidDataException($"{path}: is not a regular file; only regular files are read");
            }
            var real = RealPath(file, path);
            var folder = RealFolder(path);
            if (!IsBelow(folder, real) && !IsHubBlob(folder, real))
            {
                throw new InvalidDataException($"{path}: links to {Quote.Of(real)}, outside its folder; copy the file in or name the real folder");
            }
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The path itself if it names a regular file, wherever its links lead: what the user named is the user's choice.</summary>
    /// <exception cref="FileNotFoundException">Nothing has that name.</exception>
    /// <exception cref="InvalidDataException">A directory, device, FIFO or socket.</exception>
    public static string Require(string path)
    {
        using var file = Libc.OpenRead(path);
        return Libc.FileType(file, path) == Regular ? path : throw new InvalidDataException($"{path}: is not a regular file; only regular files are read");
    }

    /// <summary>Reads a whole small file.</summary>
    /// <exception cref="InvalidDataException">As <see cref="OpenRead"/>, or the file is longer than <paramref name="maxBytes"/>.</exception>
    public static byte[] ReadAllBytes(string path, int maxBytes)
    {
        using var file = OpenRead(path);
        var length = RandomAccess.GetLength(file);
        if (length > maxBytes)
        {
            throw new InvalidDataException($"{path}: is {length} bytes long; at most {maxBytes} are allowed");
        }
        var bytes = new byte[length];
        if (ReadFully(file, bytes, 0) != length)
        {
            throw new InvalidDataException($"{path}: became shorter than {length} bytes while it was read");
        }
        return bytes;
    }

    /// <summary>Reads until <paramref name="destination"/> is full or the file ends; returns the bytes read.</summary>
    public static long ReadFully(SafeFileHandle file, Span<byte> destination, long offset)
    {
        var done = 0;
        while (done < destination.Length)
        {
            var read = RandomAccess.Read(file, destination[done..], offset + done);
            if (read == 0)
            {
                break;
            }
            done += read;
        }
        return done;
    }

    private static string RealFolder(string path)
    {
        using var folder = Libc.OpenRead(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return RealPath(folder, path);
    }

    private static string RealPath(SafeFileHandle file, string path) =>
        new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget ?? throw new IOException($"{path}: the system does not say where it is");

    private static bool IsBelow(string folder, string file) => file.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);

    // The Hugging Face cache keeps contents in REPO/blobs and makes REPO/snapshots/COMMIT of links to them; its own layout is no escape.
    private static bool IsHubBlob(string folder, string file)
    {
        var snapshots = Path.GetDirectoryName(folder);
        return Path.GetFileName(snapshots) == "snapshots" && IsBelow(Path.Combine(Path.GetDirectoryName(snapshots)!, "blobs"), file);
    }
}
