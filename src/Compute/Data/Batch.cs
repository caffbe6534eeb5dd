namespace ActorRing.Compute.Data;

/// <summary>One micro-batch, in arrays that are filled again and again.</summary>
/// <remarks>Legend: B rows, T tokens of a row.</remarks>
/// <param name="rows">B, at least 1.</param>
/// <param name="seqLen">T, at least 1.</param>
public sealed class Batch(int rows, int seqLen)
{
    private readonly int[] ids = new int[checked(rows * seqLen)];
    private readonly int[] labels = new int[checked(rows * seqLen)];
    private readonly int[] positions = [.. Enumerable.Range(0, seqLen)];
    private readonly long[] documentStarts = new long[checked(rows * (seqLen + 1))];
    private readonly int[] documentStartCounts = new int[rows];
    private readonly long[] labelledCounts = new long[rows];

    /// <summary>B.</summary>
    public int Rows => rows;

    /// <summary>T.</summary>
    public int SeqLen => seqLen;

    /// <summary>Inputs <c>[B, T]</c>.</summary>
    public Span<int> Ids => ids;

    /// <summary>Labels <c>[B, T]</c>: the token after each input, or <see cref="PackedRows.Ignored"/>.</summary>
    public Span<int> Labels => labels;

    /// <summary>Positions <c>[T]</c>, the same for every row: 0 to T - 1 over the whole row, whatever documents it holds.</summary>
    public ReadOnlySpan<int> Positions => positions;

    /// <summary>Labels that are not <see cref="PackedRows.Ignored"/>, over all rows: what the sum of losses is divided by.</summary>
    public long LabelledCount => labelledCounts.Sum();

    /// <summary>Where documents start in a row, first 0, last T (cu_seqlens).</summary>
    /// <param name="row">From 0, below B.</param>
    public ReadOnlySpan<long> DocumentStarts(int row) => documentStarts.AsSpan(row * (seqLen + 1), documentStartCounts[row]);

    /// <summary>Sets one row.</summary>
    /// <param name="row">From 0, below B.</param>
    /// <param name="rowIds">T inputs.</param>
    /// <param name="rowLabels">T labels, already shifted; <see cref="PackedRows.Ignored"/> where there is none.</param>
    /// <param name="starts">Where documents start, first 0, last T.</param>
    public void SetRow(int row, ReadOnlySpan<int> rowIds, ReadOnlySpan<int> rowLabels, ReadOnlySpan<long> starts)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rowIds.Length, seqLen);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rowLabels.Length, seqLen);
        rowIds.CopyTo(ids.AsSpan(row * seqLen));
        rowLabels.CopyTo(labels.AsSpan(row * seqLen));
        starts.CopyTo(documentStarts.AsSpan(row * (seqLen + 1)));
        documentStartCounts[row] = starts.Length;
        labelledCounts[row] = seqLen - rowLabels.Count(PackedRows.Ignored);
    }

    /// <summary>Fills one row from any token on. Allocates nothing.</summary>
    /// <param name="row">From 0, below B.</param>
    /// <param name="source">Where the tokens are.</param>
    /// <param name="position">First input.</param>
    public void FillRow(int row, PackedRows source, long position)
    {
        var (count, labelled) = source.FillAt(position, ids.AsSpan(row * seqLen, seqLen), labels.AsSpan(row * seqLen, seqLen), documentStarts.AsSpan(row * (seqLen + 1), seqLen + 1));
        documentStartCounts[row] = count;
        labelledCounts[row] = labelled;
    }

    /// <summary>Fills all rows. Allocates nothing.</summary>
    /// <param name="source">Rows of T tokens.</param>
    /// <param name="order">Which rows.</param>
    /// <param name="step">Optimiser update, from 0.</param>
    /// <param name="microBatch">Micro-batch of the update, from 0: it takes places <c>microBatch B</c> to <c>microBatch B + B - 1</c> of the step.</param>
    public void Fill(PackedRows source, RowOrder order, long step, int microBatch)
    {
        for (var row = 0; row < rows; row++)
        {
            var (count, labelled) = source.Fill(
                order.RowAt(step, checked((microBatch * rows) + row)),
                ids.AsSpan(row * seqLen, seqLen),
                labels.AsSpan(row * seqLen, seqLen),
                documentStarts.AsSpan(row * (seqLen + 1), seqLen + 1));
            documentStartCounts[row] = count;
            labelledCounts[row] = labelled;
        }
    }
}
