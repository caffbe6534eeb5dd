using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>Where sentences end in tokenised text, found in the text of the tokens: no tokenizer's ids are known here.</summary>
internal sealed class SentenceEnds(ITokenizer tokenizer)
{
    private readonly Dictionary<int, string> _texts = [];

    /// <summary>Places just after a token whose text ends a sentence, rising. "3.14" holds no end: what follows an end is a blank, a line end or a quotation mark.</summary>
    internal int[] Find(ReadOnlySpan<int> tokens)
    {
        var ends = new List<int>();
        for (var at = 0; at < tokens.Length; at++)
        {
            var closed = TextOf(tokens[at]).TrimEnd(' ', '\n', '\r', '"', '\'', ')', '”', '’');
            if (closed is [.., '.' or '!' or '?'] && (at + 1 == tokens.Length || !StartsWord(TextOf(tokens[at + 1]))))
            {
                ends.Add(at + 1);
            }
        }

        return [.. ends];
    }

    private static bool StartsWord(string text) => text.Length > 0 && char.IsLetterOrDigit(text[0]);

    private string TextOf(int token)
    {
        if (!_texts.TryGetValue(token, out var text))
        {
            _texts[token] = text = tokenizer.Decode([token], skipSpecialTokens: true);
        }

        return text;
    }
}
