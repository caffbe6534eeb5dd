using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Cli.Telemetry;

/// <summary>The needle test below a folder that was written to last, as it fills.</summary>
/// <param name="folder">It, and the folders in it, are looked at.</param>
internal sealed class NewestNeedles(string folder)
{
    private (string Path, DateTime Written) _last;

    /// <summary>Name and cells of the newest <c>needle.json</c>; null if it is the one that was read last, unchanged, or if there is none that can be read.</summary>
    internal (string Name, IReadOnlyList<NeedleCell> Cells)? ReadIfNew()
    {
        try
        {
            var newest = Files().Select(file => (Path: file, Written: File.GetLastWriteTimeUtc(file))).OrderByDescending(file => file.Written).FirstOrDefault();
            if (newest.Path is null || newest == _last)
            {
                return null;
            }

            var cells = NeedleFile.ReadJson(newest.Path);
            _last = newest;
            return (Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(folder))!, Path.GetDirectoryName(Path.GetFullPath(newest.Path))!), cells);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // Somebody else's file; the page does without.
            return null;
        }
    }

    private IEnumerable<string> Files() => Directory.Exists(folder)
        ? Directory.EnumerateDirectories(folder).Prepend(folder).Select(place => Path.Combine(place, "needle.json")).Where(File.Exists)
        : [];
}
