namespace ActorRing.Native.Specs;

/// <summary>Where the sources lie that this assembly was built from.</summary>
internal static class SourceTree
{
    /// <summary>The nearest folder above the program that holds the solution.</summary>
    internal static string Root { get; } = Find(new DirectoryInfo(AppContext.BaseDirectory));

    private static string Find(DirectoryInfo? folder)
    {
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ActorRing.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"no ActorRing.sln above {AppContext.BaseDirectory}");
    }
}
