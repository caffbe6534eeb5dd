namespace ActorRing.Compute.Data;

/// <summary>
/// Rows of T tokens and T labels, cut from the documents laid end to end.
/// </summary>
/// <remarks>
/// Legend: N tokens of the corpus, T tokens of a row. The corpus is thought of as repeated without end, pass after pass, and row r covers tokens r T
/// to r T + T of that run: T inputs and, one further, the last label, which is the first input of row r + 1. So over all rows each token is an input
/// once and a label once in every pass (only the very first token of all is no label). Where T does not divide N the last row of a pass takes its
/// missing tokens from the start of the next pass, which goes on from there: the tail is neither dropped nor padded. Labels are shifted before the
/// cut. With the document mask, the label that would cross from one document into the next is <see cref="Ignored"/>, at the seam between passes too.
/// </remarks>
public sealed class PackedRows
{
    /// <summary>The label of a token that has none, as in PyTorch.</summary>
    public const int Ignored = -100;

    private readonly TokenizedCorpus corpus;

    /// <summary>Cuts a corpus.</summary>
    /// <param name="corpus">Stays the caller's; must outlive the rows.</param>
    /// <param name="seqLen">T, at least 1.</param>
    /// <param name="documentMask">Whether documents are kept apart.</param>
    /// <exception cref="InvalidDataException">The corpus has fewer than T + 1 tokens.</exception>
    public PackedRows(TokenizedCorpus corpus, int seqLen, bool documentMask)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(seqLen);
        if (corpus.TokenCount <= seqLen)
            throw new InvalidDataException($"{corpus.Name}: {corpus.TokenCount} tokens; allowed: {seqLen + 1L} and more, one row of seq_len {seqLen} and "
                + $"its last label");
        this.corpus = corpus;
        SeqLen = seqLen;
        DocumentMask = documentMask;
    }

    /// <summary>T.</summary>
    public int SeqLen { get; }

    /// <summary>Whether documents are kept apart.</summary>
    public bool DocumentMask { get; }

    /// <summary>N.</summary>
    public long TokenCount => corpus.TokenCount;

    /// <summary>The first row that starts in a pass: ceil(pass N / T). A pass has as many rows as lie before the next pass's first.</summary>
    /// <param name="pass">From 0.</param>
    public long FirstRowOf(long pass) => (long)((((Int128)pass * TokenCount) + SeqLen - 1) / SeqLen);

    /// <summary>The pass that a row starts in: floor(row T / N).</summary>
    /// <param name="row">From 0.</param>
    public long PassOf(long row) => (long)((Int128)row * SeqLen / TokenCount);

    /// <summary>Fills one row. Allocates nothing.</summary>
    /// <param name="row">From 0, without end.</param>
    /// <param name="ids">Receives T inputs.</param>
    /// <param name="labels">Receives T labels: the token after each input, or <see cref="Ignored"/>.</param>
    /// <param name="documentStarts">
    /// T + 1 places. Receives where documents start in the row, first 0, last T (cu_seqlens); only 0 and T without the document mask.
    /// </param>
    /// <returns>How many <paramref name="documentStarts"/> were filled (at least 2), and how many labels are not <see cref="Ignored"/>.</returns>
    public (int DocumentStarts, int Labelled) Fill(long row, Span<int> ids, Span<int> labels, Span<long> documentStarts)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfNotEqual(ids.Length, SeqLen);
        return FillAt((long)((Int128)row * SeqLen % TokenCount), ids, labels, documentStarts);
    }

    /// <summary>As <see cref="Fill"/>, from any token on and of any length below N.</summary>
    /// <param name="position">First input, from 0, below N.</param>
    /// <param name="ids">Receives the inputs; its length is the row's.</param>
    /// <param name="labels">As many labels.</param>
    /// <param name="documentStarts">One place more.</param>
    public (int DocumentStarts, int Labelled) FillAt(long position, Span<int> ids, Span<int> labels, Span<long> documentStarts)
    {
        var seqLen = ids.Length;
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, TokenCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(seqLen, TokenCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Length, seqLen);
        ArgumentOutOfRangeException.ThrowIfNotEqual(documentStarts.Length, seqLen + 1);

        // N > T, so that a row passes the seam at most once.
        var beforeSeam = (int)Math.Min(seqLen, TokenCount - position);
        corpus.Read(position, ids[..beforeSeam]);
        corpus.Read(0, ids[beforeSeam..]);
        ids[1..].CopyTo(labels);
        corpus.Read((position + seqLen) % TokenCount, labels[^1..]);
        var labelsBeforeSeam = (int)Math.Min(seqLen, TokenCount - position - 1);
        corpus.Ignore(position + 1, labels[..labelsBeforeSeam]);
        corpus.Ignore(0, labels[labelsBeforeSeam..]);

        documentStarts[0] = 0;
        if (!DocumentMask)
        {
            documentStarts[1] = seqLen;
            return (2, seqLen - labels.Count(Ignored));
        }

        var count = 1 + corpus.FindDocumentStarts(position, beforeSeam, documentStarts[1..]);
        if (beforeSeam < seqLen)
        {
            var after = corpus.FindDocumentStarts(0, seqLen - beforeSeam, documentStarts[count..]);
            foreach (ref var start in documentStarts.Slice(count, after)) start += beforeSeam;
            count += after;
        }

        foreach (var start in documentStarts[1..count]) labels[(int)start - 1] = Ignored;
        var labelled = seqLen - labels.Count(Ignored);
        if (documentStarts[count - 1] != seqLen) documentStarts[count++] = seqLen;
        return (count, labelled);
    }
}
