using System.Globalization;
using ActorRing.Cluster.Hosting.Plots.Png;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>Scores by context length (x) and depth (y, 0 on top), a number in every cell: readable without the colours. The same input gives the same bytes.</summary>
public sealed partial class HeatMap
{
    private static readonly PlotColor[] Ramp = [new(0xF0, 0x49, 0x6E), new(0xEB, 0xB8, 0x39), new(0x0C, 0xD7, 0x9F)];
    private static readonly PlotColor Missing = new(0xEE, 0xF0, 0xF2);
    private readonly string _title;
    private readonly string _subtitle;
    private readonly IReadOnlyList<long> _lengths;
    private readonly IReadOnlyList<double> _depths;
    private readonly double[] _scores;

    /// <param name="title">Above the picture.</param>
    /// <param name="note">Follows the mean in the second line; may be empty.</param>
    /// <param name="lengths">Context lengths in tokens, from left to right; at least 1, not more than <see cref="MostColumns"/>.</param>
    /// <param name="depthPercents">From top to bottom; at least 1, not more than <see cref="MostRows"/>.</param>
    /// <param name="scores"><c>[depth, length]</c>, row by row, 0 to 1; NaN where nothing was measured.</param>
    /// <exception cref="ArgumentException">One line: a count that does not fit, or a score outside of 0 to 1.</exception>
    public HeatMap(string title, string note, IReadOnlyList<long> lengths, IReadOnlyList<double> depthPercents, IReadOnlyList<double> scores)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentNullException.ThrowIfNull(depthPercents);
        ArgumentNullException.ThrowIfNull(scores);
        if (lengths.Count is < 1 or > MostColumns || depthPercents.Count is < 1 or > MostRows || scores.Count != lengths.Count * depthPercents.Count)
        {
            throw new ArgumentException(FormattableString.Invariant(
                $"heat map: {lengths.Count} lengths, {depthPercents.Count} depths, {scores.Count} scores; allowed: 1 to {MostColumns}, 1 to {MostRows}, their product"), nameof(scores));
        }

        foreach (var score in scores)
        {
            if (score is < 0 or > 1)
            {
                throw new ArgumentException(FormattableString.Invariant($"heat map: score is {score}; allowed: 0 to 1"), nameof(scores));
            }
        }

        (_title, _lengths, _depths, _scores) = (title, lengths, depthPercents, [.. scores]);
        _subtitle = Summary() + (note.Length > 0 ? ", " + note : "");
    }

    /// <summary>Most lengths in one picture.</summary>
    public const int MostColumns = 256;

    /// <summary>Most depths in one picture.</summary>
    public const int MostRows = 256;

    /// <summary>Mean over the cells that were measured; NaN if none was.</summary>
    public double Mean => _scores.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    /// <summary>Of cells of one model. A cell that is there several times shows the mean; one that is not there is left grey.</summary>
    /// <exception cref="ArgumentException">One line: no cell, or too many lengths or depths.</exception>
    public static HeatMap Of(string model, IReadOnlyList<NeedleCell> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        var lengths = cells.Select(cell => cell.ContextLength).Distinct().Order().ToArray();
        var depths = cells.Select(cell => cell.DepthPercent).Distinct().Order().ToArray();
        var found = cells.ToLookup(cell => (cell.DepthPercent, cell.ContextLength), cell => cell.Score);
        var scores = from depth in depths from length in lengths select found[(depth, length)].DefaultIfEmpty(double.NaN).Average();
        return new HeatMap($"Needle in a haystack: {model}", Note(cells), lengths, depths, [.. scores]);
    }

    /// <summary>One <c>svg</c> element, for a file or inside an HTML page.</summary>
    public string ToSvg()
    {
        var layout = new Layout(_title, _subtitle, _lengths, _depths);
        var surface = new SvgSurface(layout.Width, layout.Height, $"{_title}; {_subtitle}");
        Draw(surface, layout);
        return surface.Close();
    }

    /// <summary>A PNG file, two pixels a picture unit.</summary>
    public byte[] ToPng()
    {
        var layout = new Layout(_title, _subtitle, _lengths, _depths);
        var surface = new PngSurface(layout.Width, layout.Height);
        Draw(surface, layout);
        return surface.ToFile();
    }

    /// <summary>The colour of a score: red at 0, amber at a half, green at 1.</summary>
    internal static PlotColor ColorOf(double score) => score < 0.5 ? Ramp[0].Toward(Ramp[1], score * 2) : Ramp[1].Toward(Ramp[2], (score - 0.5) * 2);

    private static string Note(IReadOnlyList<NeedleCell> cells)
    {
        var samples = cells.Select(cell => cell.Samples).Distinct().Order().ToArray();
        var note = samples is [var same] ? $"{same} {(same == 1 ? "sample" : "samples")} a cell" : FormattableString.Invariant($"{samples[0]} to {samples[^1]} samples a cell");
        var credits = cells.Select(cell => cell.PartialCredit).OfType<double>().ToArray();
        return credits.Length == cells.Count ? note + string.Create(CultureInfo.InvariantCulture, $", {100 * credits.Average():0.0}% of answer tokens right") : note;
    }

    private string Summary()
    {
        var measured = _scores.Count(double.IsFinite);
        return measured == 0
            ? "no cell measured yet"
            : string.Create(CultureInfo.InvariantCulture, $"mean score {Mean:0.000} over {measured}{(measured < _scores.Length ? $" of {_scores.Length}" : "")} {(_scores.Length == 1 ? "cell" : "cells")}");
    }
}
