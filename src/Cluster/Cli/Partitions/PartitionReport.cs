using System.Globalization;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Partitions;

/// <summary>One partition and what came of it.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="LastedMs">From the first cut to the last healing.</param>
/// <param name="ProgressMs">From the last healing to the next commit.</param>
/// <param name="Epochs">Issued from its first cut until everybody was there again.</param>
internal sealed record PartitionRow(PartitionKind Kind, double LastedMs, double ProgressMs, int Epochs);

/// <summary>What partitions of one kind came to.</summary>
/// <param name="Kind">What they were.</param>
/// <param name="Count">How many.</param>
/// <param name="Epochs">Issued because of them.</param>
/// <param name="ProgressMsP50">From the last healing to the next commit, half of them.</param>
/// <param name="ProgressMsMax">The longest.</param>
internal sealed record PartitionKindRow(string Kind, int Count, int Epochs, double ProgressMsP50, double ProgressMsMax);

/// <summary>What <c>bench partitions</c> prints.</summary>
/// <param name="Engine">What seed and members met in.</param>
/// <param name="Ranks">Of the job.</param>
/// <param name="Spares">Members beyond them.</param>
/// <param name="Seed">Of the partitions.</param>
/// <param name="First">Which of the seed's partitions the first one is.</param>
/// <param name="Count">Partitions.</param>
/// <param name="Updates">Of the job.</param>
/// <param name="SlowestMs">From a last healing to the next commit, the longest.</param>
/// <param name="Kinds">By kind.</param>
/// <param name="Violations">How many.</param>
/// <param name="Found">Each in one line, with the command that brings it about again.</param>
internal sealed record PartitionReport(
    string Engine, int Ranks, int Spares, int Seed, int First, int Count, long Updates, double SlowestMs, IReadOnlyList<PartitionKindRow> Kinds, int Violations, IReadOnlyList<string> Found)
{
    internal static IReadOnlyList<PartitionKindRow> Summed(IEnumerable<PartitionRow> rows) =>
    [
        .. rows.GroupBy(row => row.Kind).OrderBy(kind => kind.Key).Select(kind => new PartitionKindRow(
            Words(kind.Key), kind.Count(), kind.Sum(row => row.Epochs), BenchJson.Round(Measure.Median(kind.Select(row => row.ProgressMs)), 1), BenchJson.Round(kind.Max(row => row.ProgressMs), 1))),
    ];

    internal IEnumerable<string> Lines()
    {
        foreach (var kind in Kinds)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"{kind.Kind,-9} {kind.Count,3} times  {kind.Epochs,3} epochs  next update {kind.ProgressMsP50,6:F0} ms after healing, at most {kind.ProgressMsMax,6:F0} ms");
        }

        yield return string.Create(CultureInfo.InvariantCulture, $"{Count} partitions, {Violations} violations, slowest progress {SlowestMs:F0} ms  {(Violations == 0 ? "PASS" : "FAIL")}");
        foreach (var line in Found)
        {
            yield return line;
        }
    }

    internal static string Words(PartitionKind kind) => kind == PartitionKind.OneWay ? "one-way" : kind.ToString().ToLowerInvariant();
}
