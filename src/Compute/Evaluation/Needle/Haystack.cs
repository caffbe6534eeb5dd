using ActorRing.Compute.Data;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>The text that needles are hidden in, tokenised once and thought of as repeated without end.</summary>
public sealed class Haystack
{
    private readonly int[] _tokens;
    private readonly int[] _ends;

    /// <summary>Tokens of a text.</summary>
    /// <param name="tokenizer">Borrowed, also to find where sentences end.</param>
    /// <param name="text">Not empty.</param>
    /// <exception cref="InvalidDataException">The text has no token.</exception>
    public Haystack(ITokenizer tokenizer, string text)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokens = tokenizer.Encode(text, addSpecialTokens: false);
        if (_tokens.Length == 0)
        {
            throw new InvalidDataException("the haystack is empty; allowed: at least one token of text");
        }

        _ends = new SentenceEnds(tokenizer).Find(_tokens);
    }

    /// <summary>Tokens of one pass of the text.</summary>
    public int TokenCount => _tokens.Length;

    /// <summary>Reads text files one after the other.</summary>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="paths">Files, patterns, or folders, which stand for their *.txt.</param>
    /// <exception cref="FileNotFoundException">A path does not exist, or a folder holds no *.txt.</exception>
    /// <exception cref="InvalidDataException">There is no text in them.</exception>
    public static Haystack Read(ITokenizer tokenizer, IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var files = SourceFiles.Expand(paths.Select(path => Directory.Exists(path) ? Path.Combine(path, "*.txt") : path));
        return new Haystack(tokenizer, string.Join('\n', files.Select(File.ReadAllText)));
    }

    /// <summary>A piece of text that starts at a sentence.</summary>
    /// <param name="nth">Which sentence, from 0; counts on from the last to the first.</param>
    /// <param name="length">Tokens.</param>
    internal HaystackPiece Piece(int nth, int length)
    {
        var start = _ends.Length == 0 ? 0 : _ends[nth % _ends.Length] % _tokens.Length;
        var tokens = new int[length];
        var ends = new List<int>();
        for (var filled = 0; filled < length;)
        {
            var part = Math.Min(length - filled, _tokens.Length - start);
            _tokens.AsSpan(start, part).CopyTo(tokens.AsSpan(filled));
            foreach (var end in _ends)
            {
                if (end > start && end <= start + part)
                {
                    ends.Add(filled + end - start);
                }
            }

            (filled, start) = (filled + part, 0);
        }

        return new HaystackPiece(tokens, ends);
    }
}

/// <summary>A piece of a haystack.</summary>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Ends">Places after its sentences, rising.</param>
internal sealed record HaystackPiece(int[] Tokens, IReadOnlyList<int> Ends)
{
    /// <summary>The first sentence end at or after a place; place 0 is one, and a place with none after it stays.</summary>
    internal int SentenceEndFrom(int place)
    {
        if (place == 0)
        {
            return 0;
        }

        foreach (var end in Ends)
        {
            if (end >= place)
            {
                return end;
            }
        }

        return place;
    }

    /// <summary>The piece with other tokens put in; those at the same place in the order given.</summary>
    internal List<int> With(IEnumerable<(int Place, int[] Tokens)> inserts)
    {
        var whole = new List<int>(Tokens.Length);
        var from = 0;
        foreach (var (place, tokens) in inserts.OrderBy(insert => insert.Place))
        {
            whole.AddRange(Tokens.AsSpan(from, place - from));
            whole.AddRange(tokens);
            from = place;
        }

        whole.AddRange(Tokens.AsSpan(from));
        return whole;
    }
}
