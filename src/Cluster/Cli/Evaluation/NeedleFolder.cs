using System.Text.Json;
using ActorRing.Cluster.Hosting.Plots;
using ActorRing.Cluster.Member;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Cli.Evaluation;

/// <summary>Where a needle test keeps its cells: each as soon as it is there, so that a test that was stopped goes on where it was.</summary>
internal sealed class NeedleFolder
{
    private readonly string _folder;
    private readonly List<NeedleCell> _cells;

    private NeedleFolder(string folder, List<NeedleCell> cells) => (_folder, _cells) = (folder, cells);

    /// <summary>All cells so far.</summary>
    internal IReadOnlyList<NeedleCell> Cells => _cells;

    private string CellsFile => Path.Combine(_folder, "needle.json");

    /// <summary>Opens a folder: a new one, or that of the same test.</summary>
    /// <param name="folder">Made if it is not there.</param>
    /// <param name="arguments">The test.</param>
    /// <param name="overwrite">Whether another test's cells are forgotten.</param>
    /// <exception cref="UsageException">It holds another test's cells.</exception>
    internal static NeedleFolder Open(string folder, NeedleArguments arguments, bool overwrite)
    {
        var (cells, test) = (Path.Combine(folder, "needle.json"), Path.Combine(folder, "needle-test.json"));
        var asked = JsonSerializer.Serialize(arguments.Identity);
        var isSame = File.Exists(test) && File.ReadAllText(test) == asked;
        if (!isSame && !overwrite && File.Exists(cells))
        {
            throw new UsageException($"{cells}: holds the cells of another test; allowed: the same options, which go on where it was, --overwrite, or another --out");
        }

        OutputFolder.Make("--out", folder);
        if (!isSame)
        {
            File.Delete(cells);
            File.WriteAllText(test, asked);
        }

        return new NeedleFolder(folder, File.Exists(cells) ? [.. NeedleFile.ReadJson(cells)] : []);
    }

    internal void Add(NeedleCell cell)
    {
        _cells.Add(cell);
        NeedleFile.WriteJson(CellsFile, _cells);
    }

    /// <summary>Table and pictures of all cells.</summary>
    /// <returns>The files written.</returns>
    internal IReadOnlyList<string> WritePictures()
    {
        var map = HeatMap.Of(_cells[0].Model, _cells);
        var (csv, svg, png) = (Path.Combine(_folder, "needle.csv"), Path.Combine(_folder, "needle.svg"), Path.Combine(_folder, "needle.png"));
        NeedleFile.WriteCsv(csv, _cells);
        File.WriteAllText(svg, map.ToSvg());
        File.WriteAllBytes(png, map.ToPng());
        return [CellsFile, csv, svg, png];
    }
}
