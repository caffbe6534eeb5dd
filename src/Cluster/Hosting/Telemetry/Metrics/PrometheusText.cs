using System.Globalization;
using System.Text;

namespace ActorRing.Cluster.Hosting.Telemetry.Metrics;

/// <summary>Prometheus text exposition format, version 0.0.4.</summary>
internal static class PrometheusText
{
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    internal static string Of(IReadOnlyList<MetricFamily> families)
    {
        var text = new StringBuilder();
        foreach (var family in families)
        {
            var name = NameOf(family);
            text.Append("# HELP ").Append(name).Append(' ').Append(family.Help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal));
            text.Append("\n# TYPE ").Append(name).Append(' ').Append(Words.Of(family.Kind)).Append('\n');
            foreach (var point in family.Points)
            {
                if (family.Kind == MetricKind.Histogram)
                {
                    AppendHistogram(text, name, family.Bounds, point);
                }
                else
                {
                    AppendSample(text, name, point.Labels, null, Number(point.Value));
                }
            }
        }

        return text.ToString();
    }

    /// <summary><c>actorring.train.sent</c> in <c>By</c>, a counter, is <c>actorring_train_sent_bytes_total</c>.</summary>
    internal static string NameOf(MetricFamily family)
    {
        var name = Clean(family.Name);
        var unit = family.Unit switch { "s" => "_seconds", "By" => "_bytes", "1" => "_ratio", _ => "" };
        var end = family.Kind == MetricKind.Counter ? "_total" : "";
        if (!name.EndsWith(unit, StringComparison.Ordinal))
        {
            name += unit;
        }

        // The ending says "number of measurements of a histogram" to Prometheus.
        if (end.Length == 0 && name.EndsWith("_count", StringComparison.Ordinal))
        {
            name = name[..^"_count".Length] + "s";
        }

        return name + end;
    }

    private static void AppendHistogram(StringBuilder text, string name, IReadOnlyList<double> bounds, MetricPoint point)
    {
        var count = 0L;
        for (var i = 0; i < point.Buckets.Count; i++)
        {
            count += point.Buckets[i];
            AppendSample(text, name + "_bucket", point.Labels, Number(i < bounds.Count ? bounds[i] : double.PositiveInfinity), Number(count));
        }

        AppendSample(text, name + "_sum", point.Labels, null, Number(point.Value));
        AppendSample(text, name + "_count", point.Labels, null, Number(count));
    }

    private static void AppendSample(StringBuilder text, string name, IReadOnlyList<KeyValuePair<string, string>> labels, string? bound, string value)
    {
        text.Append(name);
        var separator = '{';
        foreach (var (label, content) in labels)
        {
            text.Append(separator).Append(Clean(label)).Append("=\"").Append(Escape(content)).Append('"');
            separator = ',';
        }

        if (bound is not null)
        {
            text.Append(separator).Append("le=\"").Append(bound).Append('"');
            separator = ',';
        }

        text.Append(separator == ',' ? "} " : " ").Append(value).Append('\n');
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Clean(string name)
    {
        var clean = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
        return clean.Length > 0 && char.IsAsciiDigit(clean[0]) ? "_" + clean : clean;
    }

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : double.IsNaN(value) ? "NaN" : value.ToString("R", CultureInfo.InvariantCulture);
}
