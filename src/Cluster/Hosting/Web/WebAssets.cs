namespace ActorRing.Cluster.Hosting.Web;

/// <summary>The page's files, as they were built in.</summary>
internal static class WebAssets
{
    private static readonly (string Path, string ContentType)[] Files =
    [
        ("/index.html", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/charts.js", "text/javascript; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
    ];

    /// <summary>Bytes of all of them.</summary>
    internal static long Bytes => Files.Sum(file => (long)Read(file.Path).Length);

    /// <summary>Type and bytes of a path; null for another one.</summary>
    internal static (string ContentType, byte[] Body)? Find(string path)
    {
        var name = path switch { "/" => "/index.html", "/favicon.ico" => "/favicon.svg", _ => path };
        var at = Array.FindIndex(Files, file => file.Path == name);
        return at < 0 ? null : (Files[at].ContentType, Read(name));
    }

    private static byte[] Read(string path)
    {
        using var stream = typeof(WebAssets).Assembly.GetManifestResourceStream($"web{path}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
