using ActorRing.Cluster.Cli.Evaluation;
using ActorRing.Compute.Evaluation.Needle;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Demo;

/// <summary>A needle map.</summary>
/// <param name="Title">Of which model.</param>
/// <param name="Cells">Shortest length first.</param>
internal sealed record DemoMap(string Title, IReadOnlyList<NeedleCell> Cells)
{
    /// <summary>Mean score of some lengths.</summary>
    internal double Mean(int from, int to) => Cells.Where(cell => cell.ContextLength >= from && cell.ContextLength <= to).Select(cell => cell.Score).DefaultIfEmpty(double.NaN).Average();

    /// <summary>The longest length such that it and all shorter ones reach a mean score; 0 for none.</summary>
    internal long LongestWith(double score) =>
        Cells.GroupBy(cell => cell.ContextLength).OrderBy(length => length.Key).TakeWhile(length => length.Average(cell => cell.Score) >= score).Select(length => length.Key).LastOrDefault();
}

/// <summary>Asks a model all cells in this process.</summary>
internal static class DemoMaps
{
    internal static DemoMap Make(string title, string model, double? ropeTheta, IReadOnlyList<string> texts, NeedleOptions test, Action<NeedleCell> scored, CancellationToken stop)
    {
        var cells = new List<NeedleCell>();
        var threads = Environment.ProcessorCount;
        using var device = NativeBackend.LoadCpu().Open(threads);
        NeedleRun.Run(
            new NeedleArguments(title, model, null, texts, ropeTheta, "zigzag", threads, test, IsFree: false, []), device,
            (_, tokens) => new NeedleSeat(ModelShare.AllPositions(tokens), new LocalAttention(device), new SingleRank(), () => { }),
            cell =>
            {
                cells.Add(cell);
                scored(cell);
            },
            stop);
        return new DemoMap(title, cells);
    }
}
