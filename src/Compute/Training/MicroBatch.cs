namespace ActorRing.Compute.Training;

/// <summary>The tokens of one forward and backward pass, in host memory.</summary>
/// <param name="Ids">Row-major <c>[B, T]</c>.</param>
/// <param name="Labels">Row-major <c>[B, T]</c>, already shifted; -100 where unlabelled.</param>
/// <param name="DocumentStarts">Token indices at which each sequence's documents start (the first 0), one entry per sequence; null where documents are not masked.</param>
public readonly record struct MicroBatch(ReadOnlyMemory<int> Ids, ReadOnlyMemory<int> Labels, IReadOnlyList<ReadOnlyMemory<long>>? DocumentStarts)
{
    /// <summary>Tokens with a label.</summary>
    public long CountLabels()
    {
        var count = 0L;
        foreach (var label in Labels.Span)
        {
            count += label >= 0 ? 1 : 0;
        }

        return count;
    }
}
