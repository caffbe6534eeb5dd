using System.Globalization;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>Process ids of members that a seed started.</summary>
internal static class MemberIds
{
    /// <summary>The process of a member.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    internal static int Of(ClusterPlace place, string member) =>
        Directory.GetDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .First(number => number > 0 && ArgumentsOf(number) is var line && line.Contains($"\0--state\0{place.Folder}\0--name\0{member}\0", StringComparison.Ordinal));

    // A process that ended meanwhile has no arguments any more.
    private static string ArgumentsOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
