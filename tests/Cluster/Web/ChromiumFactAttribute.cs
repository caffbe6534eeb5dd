namespace ActorRing.Cluster.Specs.Web;

/// <summary>Runs where a browser is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute() => Skip = Path is null ? "chromium is missing (Debian: apt install chromium): the page was not tried in a browser" : null!;

    internal static string? Path =>
        (from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
         where folder.Length > 0
         from name in (string[])["chromium", "chromium-browser", "google-chrome"]
         select System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
