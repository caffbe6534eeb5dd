using System.Text;

namespace ActorRing.Compute.Evaluation;

/// <summary>Rows of comma separated values (RFC 4180) that hold no line ends.</summary>
internal static class CsvRow
{
    /// <summary>Quotes only what needs it; line ends in a value become spaces.</summary>
    internal static string Join(IEnumerable<string> values) => string.Join(',', values.Select(value =>
    {
        var flat = value.ReplaceLineEndings(" ");
        return flat.AsSpan().ContainsAny(',', '"') ? $"\"{flat.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : flat;
    }));

    internal static List<string> Split(string row)
    {
        var values = new List<string>();
        var value = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < row.Length; i++)
        {
            if (isQuoted && row[i] == '"' && i + 1 < row.Length && row[i + 1] == '"')
            {
                value.Append(row[i++]);
            }
            else if (row[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (row[i] == ',' && !isQuoted)
            {
                values.Add(value.ToString());
                value.Clear();
            }
            else
            {
                value.Append(row[i]);
            }
        }

        values.Add(value.ToString());
        return values;
    }
}
