namespace ActorRing.Cluster.Specs.Settings;

/// <summary>Files of the repository that a spec pins, found from the folder of the built specs upwards.</summary>
internal static class RepositoryFiles
{
    public static string Path(string relative)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "ActorRing.sln"))) folder = folder.Parent;
        return System.IO.Path.Combine((folder ?? throw new InvalidOperationException("ActorRing.sln is in no folder above the specs")).FullName, relative);
    }
}
