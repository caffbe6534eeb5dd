using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorRing.Cluster.Specs.Telemetry;

/// <summary>Reads the text format 0.0.4 as its description says, and refuses everything else.</summary>
internal static partial class StrictPrometheus
{
    /// <returns>Samples by their text up to the value.</returns>
    internal static SortedDictionary<string, double> Parse(string text)
    {
        var samples = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string name = "", type = "";
        Require(text.EndsWith('\n'), "the last line has no end");
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                name = line.Split(' ')[2];
                type = "";
                Require(seen.Add(name), $"{name} comes twice");
                Require(line.Length > "# HELP ".Length + name.Length + 1, $"{name} has no help");
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var parts = line.Split(' ');
                Require(parts.Length == 4 && parts[2] == name && type.Length == 0, line);
                type = parts[3];
                Require(type is "counter" or "gauge" or "histogram", line);
                Require((type == "counter") == name.EndsWith("_total", StringComparison.Ordinal), $"{name} is a {type}");
            }
            else
            {
                var match = Sample().Match(line);
                Require(match.Success, line);
                var of = match.Groups["name"].Value;
                Require(type.Length > 0 && (of == name || (type == "histogram" && Suffixes.Any(suffix => of == name + suffix))), line);
                Require(samples.TryAdd(of + match.Groups["labels"].Value, Number(match.Groups["value"].Value)), $"{line} comes twice");
            }
        }

        RequireBuckets(samples);
        return samples;
    }

    private static readonly string[] Suffixes = ["_bucket", "_sum", "_count"];

    private static void RequireBuckets(SortedDictionary<string, double> samples)
    {
        var series = samples.Where(sample => sample.Key.Contains("_bucket{", StringComparison.Ordinal))
            .GroupBy(sample => Bound().Replace(sample.Key, ""), sample => (Bound: Number(Bound().Match(sample.Key).Groups["bound"].Value), Count: sample.Value));
        foreach (var buckets in series)
        {
            var sorted = buckets.OrderBy(bucket => bucket.Bound).ToArray();
            Require(double.IsPositiveInfinity(sorted[^1].Bound), $"{buckets.Key} has no infinite bucket");
            Require(sorted.Zip(sorted.Skip(1)).All(pair => pair.First.Count <= pair.Second.Count), $"{buckets.Key} is not cumulative");
            var count = buckets.Key.Replace("_bucket", "_count", StringComparison.Ordinal).Replace("{}", "", StringComparison.Ordinal);
            Require(samples[count] == sorted[^1].Count, $"{count} is not the infinite bucket");
        }
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture),
    };

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new FormatException(what);
        }
    }

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?<labels>\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*")*\})? (?<value>[-+0-9.eEInfNa]+)$""")]
    private static partial Regex Sample();

    [GeneratedRegex(""",?le="(?<bound>[^"]*)"$|,?le="(?<bound>[^"]*)"(?=\})""")]
    private static partial Regex Bound();
}
