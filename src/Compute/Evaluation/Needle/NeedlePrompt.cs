using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>One sample: the tokens of prefix, book with needles, question and answer.</summary>
/// <param name="Tokens">All of them.</param>
/// <param name="AnswerTokens">How many of them, at the end, are the answer.</param>
/// <param name="Needle">The sentence hidden.</param>
/// <param name="Number">The answer.</param>
public sealed record NeedlePrompt(int[] Tokens, int AnswerTokens, string Needle, string Number)
{
    /// <summary>Makes the sample of a cell: always the same one for the same arguments.</summary>
    public static NeedlePrompt Make(ITokenizer tokenizer, Haystack haystack, NeedleOptions options, int length, double depth, int sample)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(haystack);
        ArgumentNullException.ThrowIfNull(options);
        var random = NeedleRandom.Of(options.Seed, length, (long)Math.Round(depth * 1000), sample);
        var cities = NeedleWording.Cities.ToArray();
        random.Shuffle(cities);
        var asked = options.City ?? cities[0];
        var number = random.Number(options.Digits);
        var needle = NeedleWording.Statement(asked, number);

        var piece = haystack.Piece(random.Next(), length);
        List<(int Place, int[] Tokens)> inserts = [(piece.SentenceEndFrom((int)(length * depth / 100)), Encode(tokenizer, needle))];
        foreach (var city in cities.Where(city => city != asked).Take(options.Distractors))
        {
            inserts.Add((piece.SentenceEndFrom(random.Next(length + 1)), Encode(tokenizer, NeedleWording.Statement(city, random.Number(options.Digits)))));
        }

        var tokens = tokenizer.Encode(NeedleWording.Prefix, addSpecialTokens: false).ToList();
        if (tokenizer.BosId is { } bos)
        {
            tokens.Insert(0, bos);
        }

        tokens.AddRange(piece.With(inserts));
        var answer = AnswerTo(tokenizer, NeedleWording.Question(asked), number, out var question);
        tokens.AddRange(question);
        tokens.AddRange(answer);
        return new NeedlePrompt([.. tokens], answer.Length, needle, number);
    }

    /// <summary>The most tokens that a sample of a length can have.</summary>
    public static int MostTokens(ITokenizer tokenizer, NeedleOptions options, int length)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(options);
        var number = new string('8', options.Digits);
        var cities = options.City is { } city ? [city, .. NeedleWording.Cities] : NeedleWording.Cities;
        var statement = cities.Max(each => Encode(tokenizer, NeedleWording.Statement(each, number)).Length);
        var question = cities.Max(each => Encode(tokenizer, NeedleWording.Question(each) + NeedleWording.Answer(number)).Length);

        // A digit more or less may be a token more or less: a slack of one token a digit.
        return 1 + Encode(tokenizer, NeedleWording.Prefix).Length + length + ((1 + options.Distractors) * (statement + options.Digits)) + question + options.Digits;
    }

    /// <summary>The answer's tokens: what question and answer have together beyond the question.</summary>
    internal static int[] AnswerTo(ITokenizer tokenizer, string question, string number, out int[] before)
    {
        var alone = Encode(tokenizer, question);
        var whole = Encode(tokenizer, question + NeedleWording.Answer(number));
        var same = alone.AsSpan().CommonPrefixLength(whole);
        before = whole[..same];
        return whole[same..];
    }

    private static int[] Encode(ITokenizer tokenizer, string text) => tokenizer.Encode(text, addSpecialTokens: false);
}
