using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace ActorRing.Compute.Checkpoints;

/// <summary>
/// The name under which a file or folder is filled before it gets its own, <c>.NAME.tmp-PID.START-*</c>: beside it, so that a rename suffices, and with its
/// owner in it, so that what a killed process left behind can be told from what a living one is writing.
/// </summary>
/// <remarks>
/// Dead means both: no process here has that id and start time, and nobody holds the lock (<see cref="Libc.TryLock"/>) that an owner keeps while it writes. The
/// second protects owners that this process cannot see, in another container or on another machine that shares the folder.
/// </remarks>
internal static class TemporaryName
{
    /// <summary>Full path of a new temporary name beside <paramref name="path"/>.</summary>
    /// <param name="path">Full path that the file or folder gets in the end.</param>
    public static string For(string path)
    {
        var owner = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}.{ProcessStart.TicksOf(Environment.ProcessId)}");
        return Path.Combine(Path.GetDirectoryName(path)!, $"{Prefix(path)}{owner}-{Guid.NewGuid():N}");
    }

    /// <summary>Deletes what dead owners left of <paramref name="path"/>. What cannot be deleted stays: it is in nobody's way.</summary>
    /// <param name="path">Full path of the final name.</param>
    public static void DeleteDead(string path)
    {
        var prefix = Prefix(path);
        foreach (var entry in Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!).ToList())
        {
            var name = Path.GetFileName(entry);
            if (!name.StartsWith(prefix, StringComparison.Ordinal) || OwnerOf(name.AsSpan(prefix.Length)) is not var (id, start) || ProcessStart.TicksOf(id) == start)
            {
                continue;
            }

            try
            {
                DeleteUnlocked(entry);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // Another export was faster, or it is somebody else's.
            }
        }
    }

    private static string Prefix(string path) => $".{Path.GetFileName(path)}.tmp-";

    private static void DeleteUnlocked(string entry)
    {
        using SafeFileHandle handle = Libc.OpenRead(entry);
        if (!Libc.TryLock(handle))
        {
            return;
        }

        if (Directory.Exists(entry))
        {
            Directory.Delete(entry, recursive: true);
        }
        else
        {
            File.Delete(entry);
        }
    }

    private static (int Id, long Start)? OwnerOf(ReadOnlySpan<char> tag)
    {
        var dot = tag.IndexOf('.');
        var dash = tag.IndexOf('-');
        return dot > 0 && dash > dot
            && int.TryParse(tag[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && long.TryParse(tag[(dot + 1)..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            ? (id, start)
            : null;
    }
}
