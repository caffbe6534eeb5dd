using System.Text;
using ActorRing.Cluster.Hosting.Plots;

namespace ActorRing.Cluster.Cli.Plots;

/// <summary>A picture and the name of its file, without an ending.</summary>
/// <param name="Name">Letters, digits, <c>.</c>, <c>_</c>, <c>-</c>.</param>
/// <param name="Svg">Draws it.</param>
/// <param name="Png">Paints it.</param>
internal sealed record Picture(string Name, Func<string> Svg, Func<byte[]> Png)
{
    internal static Picture Of(string name, HeatMap map) => new(name, map.ToSvg, map.ToPng);

    internal static Picture Of(string name, LinePlot plot) => new(name, plot.ToSvg, plot.ToPng);

    /// <param name="format"><c>svg</c> or <c>png</c>.</param>
    internal byte[] Render(string format) => format == "png" ? Png() : Encoding.UTF8.GetBytes(Svg());

    /// <summary>A name of a model as a part of the name of a file.</summary>
    internal static string FilePart(string text)
    {
        var part = string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')).Trim('-', '.');
        return part.Length == 0 ? "model" : part.Length > 64 ? part[^64..].TrimStart('-', '.') : part;
    }
}
