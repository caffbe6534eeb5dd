namespace ActorRing.Compute.Data;

/// <summary>
/// All documents of a training set as one run of token ids with boundaries. Text and JSON lines come first, packed once into a cached file; packed
/// files follow, read where they are. Within each of the two groups documents keep the order in which they were named.
/// </summary>
/// <remarks>Invariant: every id that leaves here is below the vocabulary size. Safe for several threads until disposed.</remarks>
public sealed class TokenizedCorpus : IDisposable
{
    private readonly PackedTokens[] segments;
    private readonly long[] starts; // first token of each segment, and the number of all tokens
    private readonly int vocabularySize;

    private TokenizedCorpus(string name, PackedTokens[] segments, int vocabularySize)
    {
        Name = name;
        this.segments = segments;
        this.vocabularySize = vocabularySize;
        starts = new long[segments.Length + 1];
        for (var i = 0; i < segments.Length; i++) starts[i + 1] = checked(starts[i] + segments[i].TokenCount);
    }

    /// <summary>The files, shortened, for messages.</summary>
    public string Name { get; }

    /// <summary>Tokens of all documents.</summary>
    public long TokenCount => starts[^1];

    /// <summary>Documents, empty ones counted.</summary>
    public long DocumentCount => segments.Sum(segment => segment.DocumentCount);

    /// <summary>Opens a training set; the first time, its text is tokenised.</summary>
    /// <param name="patterns">Paths and patterns; see <see cref="SourceFiles.Expand"/>.</param>
    /// <param name="options">How files become ids.</param>
    /// <param name="progress">Told after each document, and after each piece of a long one.</param>
    /// <param name="ct">Ends the tokenising; nothing is left behind.</param>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is broken, or an id is not in the vocabulary: file, document and id are named.</exception>
    /// <remarks>Cost: reads every text file for its digest each time, tokenises it once. Memory: <see cref="CorpusOptions.PieceBytes"/> and its ids.</remarks>
    public static TokenizedCorpus Open(IEnumerable<string> patterns, CorpusOptions options, IProgress<CorpusProgress>? progress = null,
        CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.VocabularySize, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PieceBytes, 16, nameof(options));
        var files = SourceFiles.Expand(patterns).Select(path => (Path: path, Format: SourceFiles.FormatOf(path, options.Format))).ToList();
        var segments = new List<PackedTokens>();
        try
        {
            var sources = files.FindAll(file => file.Format != SourceFormat.Tokens);
            if (sources.Count > 0) segments.Add(CorpusCache.OpenOrBuild(sources, options, progress, ct));
            foreach (var (path, _) in files.FindAll(file => file.Format == SourceFormat.Tokens))
            {
                segments.Add(PackedTokens.Open(path));
                if (segments[^1].IdBound > options.VocabularySize) throw FindOverflow(segments[^1], 0, options.VocabularySize);
            }

            var name = files.Count == 1 ? files[0].Path : $"{(files.Count == 0 ? "no file" : files[0].Path)} and {Math.Max(0, files.Count - 1)} more";
            return new TokenizedCorpus(name, [.. segments], options.VocabularySize);
        }
        catch
        {
            foreach (var segment in segments) segment.Dispose();
            throw;
        }
    }

    /// <summary>Copies ids.</summary>
    /// <param name="position">First token, from 0.</param>
    /// <param name="ids">Filled whole.</param>
    /// <exception cref="ArgumentOutOfRangeException">Some of the tokens are not there.</exception>
    /// <exception cref="InvalidDataException">A packed file holds an id that is not in the vocabulary, in spite of its header.</exception>
    public void Read(long position, Span<int> ids)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, TokenCount - ids.Length);
        for (var i = SegmentOf(position); ids.Length > 0; i++)
        {
            var local = position - starts[i];
            var length = (int)Math.Min(ids.Length, segments[i].TokenCount - local);
            if (segments[i].Read(local, ids[..length]) >= (uint)vocabularySize) throw FindOverflow(segments[i], local, vocabularySize);
            position += length;
            ids = ids[length..];
        }
    }

    /// <summary>Puts <see cref="PackedRows.Ignored"/> where a token is not to be learnt.</summary>
    /// <param name="position">First token, from 0.</param>
    /// <param name="labels">A label for each token from there on; others stay as they are.</param>
    public void Ignore(long position, Span<int> labels)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, TokenCount - labels.Length);
        for (var i = SegmentOf(position); labels.Length > 0; i++)
        {
            var local = position - starts[i];
            var length = (int)Math.Min(labels.Length, segments[i].TokenCount - local);
            segments[i].Ignore(local, labels[..length]);
            position += length;
            labels = labels[length..];
        }
    }

    /// <summary>Finds where documents start, apart from empty ones, which hold no token that could start.</summary>
    /// <param name="position">A token.</param>
    /// <param name="length">Tokens to look through after it.</param>
    /// <param name="found">
    /// Receives distances from <paramref name="position"/>, from 1 to <paramref name="length"/>, rising; the end of the corpus counts as a start.
    /// </param>
    /// <returns>How many were found.</returns>
    public int FindDocumentStarts(long position, int length, Span<long> found)
    {
        var count = 0;
        var end = position + length;
        for (var i = SegmentOf(position); i < segments.Length && starts[i] <= end; i++)
        {
            var segment = segments[i];
            for (var document = segment.FirstDocumentAfter(position - starts[i]); document <= segment.DocumentCount; document++)
            {
                var distance = starts[i] + segment.DocumentStart(document) - position;
                if (distance > length) break;
                if (distance > 0 && (count == 0 || found[count - 1] != distance)) found[count++] = distance;
            }
        }

        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var segment in segments) segment.Dispose();
    }

    internal static InvalidDataException Overflow(string source, long document, uint id, int vocabularySize) =>
        new($"{source}: document {document} (from 0) holds token id {id}; allowed: 0 to {vocabularySize - 1}, the model's vocabulary");

    // Only the error pays for the search.
    private static InvalidDataException FindOverflow(PackedTokens segment, long position, int vocabularySize)
    {
        Span<int> one = stackalloc int[1];
        for (; position < segment.TokenCount; position++)
        {
            if (segment.Read(position, one) is var id && id >= (uint)vocabularySize)
                return Overflow(segment.Path, segment.FirstDocumentAfter(position) - 1, id, vocabularySize);
        }

        return new InvalidDataException($"{segment.Path}: id bound {segment.IdBound} and no such id; allowed: ids below {vocabularySize}, the model's "
            + $"vocabulary");
    }

    private int SegmentOf(long position)
    {
        var found = Array.BinarySearch(starts, 0, segments.Length, position);
        if (found < 0) return ~found - 1;

        // Segments without tokens share their start with the next one; reading begins at the first of them and passes over the empty ones.
        while (found > 0 && starts[found - 1] == position) found--;
        return found;
    }
}
