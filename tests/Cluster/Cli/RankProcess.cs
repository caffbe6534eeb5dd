using System.Globalization;

namespace ActorRing.Cluster.Specs.Cli;

/// <summary>Rank processes of a command under test, found by the folder in which they meet.</summary>
internal static class RankProcess
{
    /// <summary>Ids of the living processes one of whose arguments begins with a folder.</summary>
    internal static IReadOnlyList<int> With(string folder) =>
        [.. from path in Directory.GetDirectories("/proc")
            let id = int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0
            where id > 0 && ArgumentsOf(id).Contains($"\0{folder}/", StringComparison.Ordinal)
            select id];

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
