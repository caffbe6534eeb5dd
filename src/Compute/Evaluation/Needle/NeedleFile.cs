using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>Cells of a needle test in files: JSON (an array, one object a line) to be read again, CSV (one row a cell) for spreadsheets.</summary>
public static class NeedleFile
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes all cells in place of whatever was there; readers never see a part of it.</summary>
    /// <param name="path">Of the file; its folder exists.</param>
    /// <param name="cells">In the order in which they shall be read.</param>
    /// <remarks>The whole file each time: some hundred cells are tens of kilobytes, a cell takes seconds to hours.</remarks>
    public static void WriteJson(string path, IEnumerable<NeedleCell> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        var lines = cells.Select(cell => JsonSerializer.Serialize(cell, Options));
        WholeFile.Write(path, "[\n" + string.Join(",\n", lines) + "\n]\n");
    }

    /// <summary>Columns <c>model, context_length, depth_percent, samples, score, partial_credit, free_score, test_duration_seconds</c>.</summary>
    public static void WriteCsv(string path, IEnumerable<NeedleCell> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        var text = new StringBuilder("model,context_length,depth_percent,samples,score,partial_credit,free_score,test_duration_seconds\n");
        foreach (var cell in cells)
        {
            string[] numbers =
            [
                Text(cell.ContextLength), Text(cell.DepthPercent), Text(cell.Samples), Text(cell.Score), Text(cell.PartialCredit), Text(cell.FreeScore), Text(cell.TestDurationSeconds),
            ];
            text.Append(CsvRow.Join([cell.Model, .. numbers])).Append('\n');
        }

        WholeFile.Write(path, text.ToString());
    }

    /// <summary>Reads what <see cref="WriteJson"/> wrote; also one object alone, as other needle tests write one file a cell. Keys that are not ours are skipped.</summary>
    /// <exception cref="InvalidDataException">One line: the file, where, what is allowed.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static IReadOnlyList<NeedleCell> ReadJson(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            var elements = root.ValueKind == JsonValueKind.Array ? [.. root.EnumerateArray()] : new[] { root };
            var cells = new List<NeedleCell>(elements.Length);
            foreach (var element in elements)
            {
                var cell = element.ValueKind == JsonValueKind.Object ? element.Deserialize<NeedleCell>(Options) : null;
                if ((cell is null ? $"{element.ValueKind} in place of an object; allowed: an object with model, context_length, depth_percent, score" : cell.Fault()) is { } fault)
                {
                    throw new InvalidDataException($"{path}: cell {cells.Count + 1}: {fault}");
                }

                cells.Add(cell!);
            }

            return cells;
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{path}: {fault.Message.Split(" | ")[0].TrimEnd('.')}; allowed: needle cells as JSON", fault);
        }
    }

    private static string Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture) ?? "";
}
