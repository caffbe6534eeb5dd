namespace ActorRing.Architecture.Specs;

/// <summary>A file of the repository, by its path from the root.</summary>
internal sealed record SourceFile(string Path, string[] Lines);

/// <summary>The text files that people write: sources, specs, settings, documents, scripts. Generated and fetched files are not among them.</summary>
internal static class SourceTree
{
    private static readonly string[] Folders = ["src", "tests", "hocon", "docs", "benchmarks", "tools", "deploy", ".ci"];

    private static readonly HashSet<string> Extensions = [".cs", ".h", ".hpp", ".inc", ".c", ".cpp", ".cmake", ".map", ".conf", ".md", ".sh", ".py", ".mjs",
        ".js", ".props", ".csproj", ".yml", ""];

    private static readonly HashSet<string> Skipped = ["bin", "obj", "artifacts", "node_modules", "__pycache__"];

    internal static IReadOnlyList<SourceFile> Files { get; } = Read(Root());

    private static List<SourceFile> Read(string root) =>
        [.. Folders.Select(folder => new DirectoryInfo(Path.Combine(root, folder))).Where(folder => folder.Exists).SelectMany(Below)
            .Concat(new DirectoryInfo(root).EnumerateFiles().Where(IsText))
            .Select(file => new SourceFile(Path.GetRelativePath(root, file.FullName).Replace('\\', '/'), File.ReadAllLines(file.FullName)))
            .OrderBy(file => file.Path, StringComparer.Ordinal)];

    private static IEnumerable<FileInfo> Below(DirectoryInfo folder) =>
        folder.EnumerateFiles().Where(IsText).Concat(folder.EnumerateDirectories().Where(child => !Skipped.Contains(child.Name)).SelectMany(Below));

    private static bool IsText(FileInfo file) => Extensions.Contains(file.Extension);

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ActorRing.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"no ActorRing.sln above {AppContext.BaseDirectory}");
    }
}
