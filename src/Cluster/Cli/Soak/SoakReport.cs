using System.Globalization;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Soak;

/// <summary>What one trouble cost.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="ResumedMs">From the signal to the next update that was committed.</param>
internal sealed record SoakRow(SoakKind Kind, double ResumedMs);

/// <summary>What troubles of one kind cost.</summary>
/// <param name="Kind">What they were.</param>
/// <param name="Count">How many.</param>
/// <param name="ResumedMsP50">From the signal to the next committed update, half of them.</param>
/// <param name="ResumedMsP99">Of a hundred, all but one.</param>
/// <param name="ResumedMsMax">The longest.</param>
internal sealed record SoakKindRow(string Kind, int Count, double ResumedMsP50, double ResumedMsP99, double ResumedMsMax);

/// <summary>What a soak came to.</summary>
/// <param name="Ranks">Of the job.</param>
/// <param name="Spares">Members beyond them.</param>
/// <param name="Seed">Of the troubles.</param>
/// <param name="Steps">Updates of the job.</param>
/// <param name="Kills">Processes killed.</param>
/// <param name="Kinds">By kind.</param>
/// <param name="FromMemory">Epochs that started from memory.</param>
/// <param name="FromCheckpoint">From a TrainingCheckpoint, or from the beginning.</param>
/// <param name="DoneAgain">Committed updates that were done again.</param>
/// <param name="CalmSeconds">From the first committed update to the end of a run that nobody touched.</param>
/// <param name="StormySeconds">The same of this one.</param>
/// <param name="Difference">In what they differ; null if they are equal in every bit.</param>
internal sealed record SoakReport(
    int Ranks, int Spares, int Seed, long Steps, int Kills, IReadOnlyList<SoakKindRow> Kinds, int FromMemory, int FromCheckpoint, long DoneAgain, double CalmSeconds, double StormySeconds,
    string? Difference)
{
    internal bool IsBitEqual => Difference is null;

    internal static IReadOnlyList<SoakKindRow> Summed(IEnumerable<SoakRow> rows) =>
    [
        .. rows.GroupBy(row => row.Kind).OrderBy(kind => kind.Key).Select(kind =>
        {
            double[] times = [.. kind.Select(row => row.ResumedMs).Order()];
            return new SoakKindRow(Words(kind.Key), times.Length, Round(Measure.Median([.. times])), Round(times[(int)Math.Ceiling(0.99 * times.Length) - 1]), Round(times[^1]));
        }),
    ];

    internal IEnumerable<string> Lines()
    {
        foreach (var kind in Kinds)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{kind.Kind,-14} {kind.Count,4} times   next update after {kind.ResumedMsP50,7:F0} ms, at most {kind.ResumedMsMax,7:F0} ms");
        }

        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{Kills} kills: {FromMemory} epochs from memory, {FromCheckpoint} from a TrainingCheckpoint or the beginning, {DoneAgain} committed updates done again; {StormySeconds:F1} s, {CalmSeconds:F1} s undisturbed");
        yield return IsBitEqual ? "bit-equal to the undisturbed run: weights, moments, losses  PASS" : $"differs from the undisturbed run in {Difference}  FAIL";
    }

    internal static string Words(SoakKind kind) => string.Concat(kind.ToString().Select((letter, at) => char.IsUpper(letter) && at > 0 ? $"-{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));

    private static double Round(double milliseconds) => BenchJson.Round(milliseconds, 1);
}
