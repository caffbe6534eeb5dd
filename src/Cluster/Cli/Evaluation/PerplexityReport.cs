using System.Globalization;
using System.Text;
using System.Text.Json;
using ActorRing.Cluster.Cli.Plots;
using ActorRing.Cluster.Hosting.Plots;

namespace ActorRing.Cluster.Cli.Evaluation;

/// <summary>What <c>eval ppl</c> found, for people, programs and files.</summary>
/// <param name="rows">In order of models, then lengths.</param>
/// <param name="lengths">Columns; empty where rows were scored.</param>
internal sealed class PerplexityReport(IReadOnlyList<PerplexityRow> rows, int[] lengths)
{
    /// <summary>One line a row.</summary>
    internal void Print()
    {
        foreach (var row in rows)
        {
            var name = lengths.Length > 0 ? $"{row.Model}  length {row.Length}  " : rows.Count > 1 ? $"{row.Model}  " : "";
            Console.WriteLine($"{name}perplexity {row.Perplexity:F4}  mean nll {row.MeanNll:F5}  scored {row.Scored:N0} tokens");
        }
    }

    /// <summary>An object where one model was scored in rows, else a list of one object a model.</summary>
    internal string Json()
    {
        if (lengths.Length == 0)
        {
            return rows is [var only]
                ? JsonSerializer.Serialize(new { mean_nll = only.MeanNll, perplexity = only.Perplexity, scored = only.Scored })
                : JsonSerializer.Serialize(rows.Select(row => new { model = row.Model, mean_nll = row.MeanNll, perplexity = row.Perplexity, scored = row.Scored }));
        }

        return JsonSerializer.Serialize(Models().Select(model => new
        {
            model = model.Key,
            lengths = model.Select(row => row.Length),
            perplexity = model.Select(row => row.Perplexity),
            mean_nll = model.Select(row => row.MeanNll),
            scored = model.Select(row => row.Scored),
        }));
    }

    /// <summary>Writes what goes into files: EasyContext's table, a column for each length and a row for each model, and beside it the same as a picture, .svg and .png.</summary>
    internal void WriteFiles(string csv)
    {
        var text = new StringBuilder().AppendJoin(',', ["", .. lengths.Select(length => length.ToString(CultureInfo.InvariantCulture))]).Append('\n');
        foreach (var model in Models())
        {
            text.AppendJoin(',', [Field(model.Key), .. model.Select(row => row.Perplexity.ToString("R", CultureInfo.InvariantCulture))]).Append('\n');
        }

        File.WriteAllText(csv, text.ToString());
        var plot = Pictures.PerplexityPlot([.. Models().Select(model => new LineSeries(model.Key, [.. model.Select(row => (double)row.Length)], [.. model.Select(row => row.Perplexity)]))]);
        File.WriteAllText(Path.ChangeExtension(csv, ".svg"), plot.ToSvg());
        File.WriteAllBytes(Path.ChangeExtension(csv, ".png"), plot.ToPng());
    }

    private IEnumerable<IGrouping<string, PerplexityRow>> Models() => rows.GroupBy(row => row.Model);

    private static string Field(string text) => text.AsSpan().ContainsAny(",\"\n\r") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
