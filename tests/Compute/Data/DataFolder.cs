using System.IO.Compression;
using System.Text;
using ActorRing.Compute.Data;

namespace ActorRing.Compute.Specs.Data;

/// <summary>A folder of one spec, gone with it, and short ways to put data there.</summary>
internal sealed class DataFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("actorring-").FullName;

    public string Cache => File("cache");

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        System.IO.File.WriteAllBytes(File(name), bytes);
        return File(name);
    }

    public string Gzip(string name, string text)
    {
        using (var stream = new GZipStream(System.IO.File.Create(File(name)), CompressionLevel.Optimal)) stream.Write(Encoding.UTF8.GetBytes(text));
        return File(name);
    }

    /// <summary>A packed file whose documents have these lengths and whose tokens count up from 0.</summary>
    public string Pack(string name, params int[] documentLengths)
    {
        var total = documentLengths.Sum();
        using var writer = new PackedTokensWriter(File(name), Math.Max(1, total));
        var next = 0;
        foreach (var length in documentLengths)
        {
            writer.Append([.. Enumerable.Range(next, length)]);
            writer.EndDocument();
            next += length;
        }

        writer.Commit();
        return File(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
