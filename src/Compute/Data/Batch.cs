namespace ActorRing.Compute.Data;

/// <summary>One micro-batch, or one rank's tokens of it, in arrays that are filled again and again.</summary>
/// <remarks>Legend: B rows, T tokens of a row here, S tokens of the whole row; T = S unless this is a shard.</remarks>
public sealed class Batch
{
    private readonly int rows;
    private readonly int seqLen;
    private readonly int[] ids;
    private readonly int[] labels;
    private readonly int[] positions;
    private readonly long[] documentStarts;
    private readonly int[] documentStartCounts;
    private readonly long[] labelledCounts;

    /// <summary>Whole rows.</summary>
    /// <param name="rows">B, at least 1.</param>
    /// <param name="seqLen">T, at least 1.</param>
    public Batch(int rows, int seqLen)
        : this(rows, [.. Enumerable.Range(0, seqLen)], seqLen)
    {
    }

    /// <summary>One rank's tokens of every row; filled by <see cref="TakeFrom"/>.</summary>
    /// <param name="rows">B, at least 1.</param>
    /// <param name="positions">Where this rank's T tokens stand in the whole row, each in [0, S).</param>
    /// <param name="wholeTokens">S.</param>
    /// <exception cref="ArgumentException">A position outside the row.</exception>
    public Batch(int rows, int[] positions, int wholeTokens)
    {
        ArgumentNullException.ThrowIfNull(positions);
        if (positions.Any(position => position < 0 || position >= wholeTokens))
        {
            throw new ArgumentException($"a position lies outside a row of {wholeTokens} tokens");
        }

        this.rows = rows;
        this.positions = positions;
        seqLen = positions.Length;
        WholeTokens = wholeTokens;
        ids = new int[checked(rows * seqLen)];
        labels = new int[checked(rows * seqLen)];
        documentStarts = new long[checked(rows * (wholeTokens + 1))];
        documentStartCounts = new int[rows];
        labelledCounts = new long[rows];
    }

    /// <summary>B.</summary>
    public int Rows => rows;

    /// <summary>T.</summary>
    public int SeqLen => seqLen;

    /// <summary>S, tokens of the whole row.</summary>
    public int WholeTokens { get; }

    /// <summary>Inputs <c>[B, T]</c>.</summary>
    public Span<int> Ids => ids;

    /// <summary>Labels <c>[B, T]</c>: the token after each input, or <see cref="PackedRows.Ignored"/>.</summary>
    public Span<int> Labels => labels;

    /// <summary>Positions <c>[T]</c> in the whole row, the same for every row, whatever documents it holds.</summary>
    public ReadOnlySpan<int> Positions => positions;

    /// <summary>Labels that are not <see cref="PackedRows.Ignored"/>, over all rows: what the sum of losses is divided by.</summary>
    public long LabelledCount => labelledCounts.Sum();

    /// <summary>Where documents start in the whole row, first 0, last S (cu_seqlens).</summary>
    /// <param name="row">From 0, below B.</param>
    public ReadOnlySpan<long> DocumentStarts(int row) => documentStarts.AsSpan(row * (WholeTokens + 1), documentStartCounts[row]);

    /// <summary>Takes this shard's tokens and labels out of whole rows. Labels were shifted there: a shard's last token is labelled with another shard's first.</summary>
    /// <param name="whole">B rows of S tokens. Allocates nothing.</param>
    /// <exception cref="ArgumentException">Another number of rows or tokens.</exception>
    public void TakeFrom(Batch whole)
    {
        ArgumentNullException.ThrowIfNull(whole);
        if (whole.rows != rows || whole.seqLen != WholeTokens)
        {
            throw new ArgumentException($"a shard of {rows} rows of {WholeTokens} tokens cannot be taken from {whole.rows} rows of {whole.seqLen}");
        }

        for (var row = 0; row < rows; row++)
        {
            var (from, to) = (row * WholeTokens, row * seqLen);
            for (var t = 0; t < positions.Length; t++)
            {
                ids[to + t] = whole.ids[from + positions[t]];
                labels[to + t] = whole.labels[from + positions[t]];
            }

            var starts = whole.DocumentStarts(row);
            starts.CopyTo(documentStarts.AsSpan(row * (WholeTokens + 1)));
            documentStartCounts[row] = starts.Length;
            labelledCounts[row] = seqLen - labels.AsSpan(to, seqLen).Count(PackedRows.Ignored);
        }
    }

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
        starts.CopyTo(documentStarts.AsSpan(row * (WholeTokens + 1)));
        documentStartCounts[row] = starts.Length;
        labelledCounts[row] = seqLen - rowLabels.Count(PackedRows.Ignored);
    }

    /// <summary>Fills one row from any token on. Allocates nothing.</summary>
    /// <param name="row">From 0, below B.</param>
    /// <param name="source">Where the tokens are.</param>
    /// <param name="position">First input.</param>
    public void FillRow(int row, PackedRows source, long position)
    {
        var (count, labelled) = source.FillAt(position, ids.AsSpan(row * seqLen, seqLen), labels.AsSpan(row * seqLen, seqLen), documentStarts.AsSpan(row * (WholeTokens + 1), WholeTokens + 1));
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
                documentStarts.AsSpan(row * (WholeTokens + 1), WholeTokens + 1));
            documentStartCounts[row] = count;
            labelledCounts[row] = labelled;
        }
    }
}
