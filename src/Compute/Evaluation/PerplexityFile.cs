using System.Globalization;
using System.Text;

namespace ActorRing.Compute.Evaluation;

/// <summary><c>perplexity.csv</c> laid out as EasyContext's <c>eval_ppl.py</c> does: a header of an empty name and the lengths, then one row a model.</summary>
public static class PerplexityFile
{
    /// <summary>Writes all curves in place of whatever was there; readers never see a part of it. A length that a model lacks is left empty.</summary>
    public static void Write(string path, IReadOnlyList<PerplexityCurve> curves)
    {
        ArgumentNullException.ThrowIfNull(curves);
        var lengths = curves.SelectMany(curve => curve.Points).Select(point => point.ContextLength).Distinct().Order().ToArray();
        var text = new StringBuilder(CsvRow.Join(["", .. lengths.Select(length => length.ToString(CultureInfo.InvariantCulture))])).Append('\n');
        foreach (var curve in curves)
        {
            var found = curve.Points.ToDictionary(point => point.ContextLength, point => point.Perplexity.ToString("R", CultureInfo.InvariantCulture));
            text.Append(CsvRow.Join([curve.Model, .. lengths.Select(length => found.GetValueOrDefault(length, ""))])).Append('\n');
        }

        WholeFile.Write(path, text.ToString());
    }

    /// <summary>Reads what <see cref="Write"/> or EasyContext wrote.</summary>
    /// <exception cref="InvalidDataException">One line: the file, the line, the value, what is allowed.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static IReadOnlyList<PerplexityCurve> Read(string path)
    {
        var rows = File.ReadAllLines(path);
        if (rows.Length == 0)
        {
            throw new InvalidDataException($"{path}: is empty; allowed: a header with an empty name and context lengths, then one row a model");
        }

        var lengths = CsvRow.Split(rows[0]).Skip(1).Select(Length).ToArray();
        if (lengths.GroupBy(length => length).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new InvalidDataException(FormattableString.Invariant($"{path}: line 1: {twice.Key} stands there twice; allowed: each length once"));
        }

        var curves = new List<PerplexityCurve>();
        for (var line = 1; line < rows.Length; line++)
        {
            if (rows[line].Length > 0)
            {
                curves.Add(Curve(line, CsvRow.Split(rows[line])));
            }
        }

        return curves;

        long Length(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 1 and < 1e15 && value == Math.Floor(value)
            ? (long)value
            : throw new InvalidDataException($"{path}: line 1: '{text}' is not a context length; allowed: whole numbers from 1");

        PerplexityCurve Curve(int line, List<string> values)
        {
            if (values.Count != lengths.Length + 1)
            {
                throw new InvalidDataException($"{path}: line {line + 1}: {values.Count} values; allowed: a model and {lengths.Length} perplexities, as in line 1");
            }

            var points = lengths.Zip(values.Skip(1)).Where(pair => pair.Second.Length > 0).Select(pair => new PerplexityPoint(pair.First, Perplexity(line, pair.Second)));
            return new PerplexityCurve(values[0], [.. points.OrderBy(point => point.ContextLength)]);
        }

        double Perplexity(int line, string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && !(value < 0)
            ? value
            : throw new InvalidDataException($"{path}: line {line + 1}: '{text}' is not a perplexity; allowed: a number from 0, or nothing");
    }
}
