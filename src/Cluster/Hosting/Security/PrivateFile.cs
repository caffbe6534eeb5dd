using System.Text;

namespace ActorRing.Cluster.Hosting.Security;

/// <summary>Files that hold secrets: mode 0600, complete before they have their name, never overwritten.</summary>
internal static class PrivateFile
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The text of a file, ASCII.</summary>
    /// <param name="path">Of the file.</param>
    /// <param name="what">It holds, for the message.</param>
    /// <param name="largestBytes">What is behind them is not read.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="UnauthorizedAccessException">Others can read the file.</exception>
    internal static string Read(string path, string what, int largestBytes)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1);
#pragma warning disable CA1416 // Linux only, as all of the cluster is.
        var mode = File.GetUnixFileMode(stream.SafeFileHandle);
#pragma warning restore CA1416
        if ((mode & ~Owner) != 0)
        {
            throw new UnauthorizedAccessException($"{path}: mode {Convert.ToString((int)mode, 8)} lets others read the {what}; run: chmod 600 {path}");
        }

        var text = new byte[largestBytes];
        return Encoding.ASCII.GetString(text, 0, stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false));
    }

    /// <summary>Writes a file under a name of its own beside <paramref name="path"/>, and syncs it.</summary>
    /// <returns>That name.</returns>
    internal static string Prepare(string path, string text)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}";
        using var stream = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
#pragma warning disable CA1416 // Linux only, as all of the cluster is.
            UnixCreateMode = Owner,
#pragma warning restore CA1416
        });
        stream.Write(Encoding.ASCII.GetBytes(text));
        stream.Flush(flushToDisk: true);
        return temporary;
    }
}
