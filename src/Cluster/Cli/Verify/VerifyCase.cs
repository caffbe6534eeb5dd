using ActorRing.Actors.Plans;

namespace ActorRing.Cluster.Cli.Verify;

/// <summary>One problem of <c>verify</c>.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="Tokens">Of a sequence.</param>
/// <param name="KeyHeads">KV heads; there are eight query heads of size 32.</param>
/// <param name="Window">Sliding window, 0 for none.</param>
/// <param name="Sink">Positions that stay visible outside the window.</param>
/// <param name="Documents">Document starts of each sequence, or null.</param>
internal sealed record VerifyCase(string Name, int Batch, int Tokens, int KeyHeads, long Window, long Sink, long[]?[] Documents)
{
    private const int QueryHeads = 8;
    private const int HeadSize = 32;

    internal static IReadOnlyList<VerifyCase> All { get; } =
    [
        new("grouped heads", 1, 257, 2, 0, 0, [null]),
        new("one KV head, batch 2", 2, 131, 1, 0, 0, [null, null]),
        new("documents", 2, 193, 4, 0, 0, [[0, 5, 6, 101, 160], null]),
        new("window and sink", 1, 301, 8, 41, 3, [null]),
        new("documents, window, sink", 2, 150, 2, 19, 2, [[0, 33], [0, 7, 90]]),
    ];

    internal SequenceParallelPlan Plan(string mode, int ranks) => new PlanRequest
    {
        Mode = mode,
        Ranks = ranks,
        Tokens = Tokens,
        Batch = Batch,
        QueryHeads = QueryHeads,
        KeyHeads = KeyHeads,
        HeadSize = HeadSize,
        LayerWindows = [Window],
        Sink = Sink,
    }.Resolve();
}
