using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Plots;

/// <summary>Something to plot that the user named: a run folder, or one file of results.</summary>
/// <param name="Path">As given.</param>
/// <param name="Name">For legends and file names: the folder's.</param>
/// <param name="Folder">Where pictures go unless told otherwise.</param>
/// <param name="Metrics">File, or null.</param>
/// <param name="Needle">File, or null.</param>
/// <param name="Perplexity">File, or null.</param>
internal sealed record PlotSource(string Path, string Name, string Folder, string? Metrics, string? Needle, string? Perplexity)
{
    internal const string Allowed = "allowed: a run folder, or a metrics.jsonl, needle.json or perplexity.csv";

    /// <exception cref="UsageException">There is no such thing, or it is none of what is allowed.</exception>
    internal static PlotSource Of(string path)
    {
        if (Directory.Exists(path))
        {
            return new PlotSource(path, NameOf(path), path, Find(path, "metrics.jsonl"), Find(path, "needle.json"), Find(path, "perplexity.csv"));
        }

        if (!File.Exists(path))
        {
            throw new UsageException($"{path}: not there; {Allowed}");
        }

        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var source = new PlotSource(path, NameOf(folder), folder, null, null, null);
        return System.IO.Path.GetExtension(path) switch
        {
            ".jsonl" => source with { Metrics = path },
            ".json" => source with { Needle = path },
            ".csv" => source with { Perplexity = path },
            _ => throw new UsageException($"{path}: unknown kind of file; {Allowed}"),
        };
    }

    // An evaluation may keep its results in a folder of their own.
    private static string? Find(string folder, string name) =>
        new[] { System.IO.Path.Combine(folder, name), System.IO.Path.Combine(folder, "eval", name) }.FirstOrDefault(File.Exists);

    private static string NameOf(string folder) => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder)));
}
