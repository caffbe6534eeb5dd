using ActorRing.Cluster.Hosting.Plots;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Member;
using ActorRing.Compute.Evaluation;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Cli.Plots;

/// <summary>Which pictures there are of runs. Everything is read before anything is drawn.</summary>
internal static class Pictures
{
    internal const string Loss = "loss";
    internal const string GradNorm = "grad-norm";
    internal const string Throughput = "throughput";
    internal const string Needle = "needle";
    internal const string Perplexity = "perplexity";

    /// <summary>In the order in which they are made.</summary>
    internal static readonly string[] Kinds = [Loss, GradNorm, Throughput, Needle, Perplexity];

    // Above this ratio of the greatest to the least, most of a linear axis would be empty.
    private const double LogarithmicFrom = 20;

    /// <param name="sources">One or more.</param>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="isAsked">It is wrong use if a source has nothing for it; otherwise those that have it are taken.</param>
    internal static IReadOnlyList<Picture> Of(IReadOnlyList<PlotSource> sources, string kind, bool isAsked)
    {
        var (file, fileOf) = kind switch
        {
            Needle => ("needle.json", (Func<PlotSource, string?>)(source => source.Needle)),
            Perplexity => ("perplexity.csv", source => source.Perplexity),
            _ => ("metrics.jsonl", source => source.Metrics),
        };
        var having = sources.Where(source => fileOf(source) is not null).ToArray();
        if (isAsked && sources.FirstOrDefault(source => fileOf(source) is null) is { } without)
        {
            throw new UsageException($"{without.Path}: --what {kind} needs {file}, which is not there; {PlotSource.Allowed}");
        }

        return having.Length == 0 ? [] : kind switch
        {
            Needle => NeedlePictures(having),
            Perplexity => [PerplexityPicture(having)],
            _ => [MetricsPicture(having, kind)],
        };
    }

    private static List<Picture> NeedlePictures(PlotSource[] sources)
    {
        var maps = new List<(PlotSource Source, string Model, HeatMap Map)>();
        foreach (var source in sources)
        {
            var cells = NeedleFile.ReadJson(source.Needle!);
            if (cells.Count == 0)
            {
                throw new UsageException($"{source.Needle}: no cells; allowed: one or more");
            }

            foreach (var model in cells.GroupBy(cell => cell.Model, StringComparer.Ordinal).OrderBy(model => model.Key, StringComparer.Ordinal))
            {
                var title = sources.Length > 1 ? $"{model.Key} ({source.Name})" : model.Key;
                maps.Add((source, model.Key, HeatMap.Of(title, [.. model])));
            }
        }

        if (maps is [var only])
        {
            return [Picture.Of(Needle, only.Map)];
        }

        var names = Distinct([.. maps.Select(map => "needle-" + Picture.FilePart(sources.Length > 1 ? $"{map.Source.Name}-{map.Model}" : map.Model))]);
        return [.. maps.Select((map, i) => Picture.Of(names[i], map.Map))];
    }

    private static Picture PerplexityPicture(PlotSource[] sources)
    {
        var curves = sources.SelectMany(source => PerplexityFile.Read(source.Perplexity!).Select(curve => (source.Name, Curve: curve))).ToArray();
        var isOnce = curves.Select(curve => curve.Curve.Model).Distinct(StringComparer.Ordinal).Count() == curves.Length;
        var names = Distinct([.. curves.Select(curve => isOnce ? curve.Curve.Model : $"{curve.Curve.Model} ({curve.Name})")]);
        var series = curves.Select((curve, i) => new LineSeries(
            names[i], [.. curve.Curve.Points.Select(point => (double)point.ContextLength)], [.. curve.Curve.Points.Select(point => point.Perplexity)])).ToArray();
        return Picture.Of(Perplexity, PerplexityPlot(series));
    }

    /// <summary>Perplexity over context length, a line a model.</summary>
    internal static LinePlot PerplexityPlot(LineSeries[] series)
    {
        var lengths = series.SelectMany(one => one.X).Distinct().Order().ToArray();
        var isEven = lengths.Length < 3 || Enumerable.Range(2, lengths.Length - 2).All(i => lengths[i] - lengths[i - 1] == lengths[1] - lengths[0]);
        return new LinePlot(
            "Perplexity by context length",
            new PlotAxis("Context length", "tokens") { IsLength = true, Scale = isEven ? AxisScale.Linear : AxisScale.Logarithmic },
            new PlotAxis("Perplexity", "lower is better") { Scale = ScaleOf(series) },
            series);
    }

    private static Picture MetricsPicture(PlotSource[] sources, string kind)
    {
        var names = Distinct([.. sources.Select(source => source.Name)]);
        var series = sources.Select((source, i) =>
        {
            var history = MetricsFile.Read(source.Metrics!);
            return new LineSeries(names[i], [.. history.Points.Select(point => (double)point.Step)], [.. history.Points.Select(point => ValueOf(point, kind) ?? double.NaN)])
            {
                Events = [.. history.Recoveries.Select(step => (double)step)],
            };
        }).ToArray();
        var (title, y) = kind switch
        {
            Loss => ("Training loss", new PlotAxis("Loss", "nats a token")),
            GradNorm => ("Gradient norm before clipping", new PlotAxis("Norm", "") { Scale = ScaleOf(series) }),
            _ => ("Throughput of all ranks", new PlotAxis("Throughput", "tokens/s") { IsFromZero = true }),
        };
        var suffix = series.Length == 1 ? $": {names[0]}" : "";
        return Picture.Of(kind, new LinePlot(title + suffix, new PlotAxis("Train step", "optimiser updates") { IsWhole = true }, y, series) { EventName = "recovery or new epoch: continues after this step" });
    }

    private static double? ValueOf(MetricsPoint point, string kind) => kind switch
    {
        Loss => point.Loss,
        GradNorm => point.GradNorm,
        _ => point.TokensPerSecond,
    };

    private static AxisScale ScaleOf(LineSeries[] series)
    {
        var values = series.SelectMany(one => one.Y).Where(double.IsFinite).ToArray();
        return values.Length > 0 && values.Min() > 0 && values.Max() > LogarithmicFrom * values.Min() ? AxisScale.Logarithmic : AxisScale.Linear;
    }

    // Two runs may be called the same: the second becomes "name 2", and so on.
    private static string[] Distinct(string[] names)
    {
        var taken = new SortedSet<string>(StringComparer.Ordinal);
        return [.. names.Select(name => Enumerable.Range(1, names.Length + 1).Select(i => i == 1 ? name : $"{name}-{i}").First(taken.Add))];
    }
}
