using ActorRing.Cluster.Specs.Settings;

namespace ActorRing.Cluster.Specs.Plots;

/// <summary>A text that is pinned in <c>tests/Golden</c>. With UPDATE_GOLDEN=1 it is written anew, to be looked at and committed.</summary>
internal static class GoldenFile
{
    internal static void MustBe(string name, string actual)
    {
        var path = RepositoryFiles.Path("tests/Golden/" + name);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
        }

        Assert.Equal(File.ReadAllText(path), actual);
    }
}
