using ActorRing.Compute.Data;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>What a training document of needles holds.</summary>
/// <param name="Tokens">Of the document: all documents have as many, so that each can be a row of its own.</param>
/// <param name="Facts">Most cities with a number; 1 to this many in a document.</param>
/// <param name="Statements">Sentences that say a fact, the first of each and those that say it again.</param>
/// <param name="Questions">Asked at the end, each about a fact that was stated.</param>
/// <param name="Digits">Of a number.</param>
/// <param name="LearnText">Share of the tokens to be learnt, from 0 to 1, beside numbers that were said before, all of which are: 1 for all, as in language modelling.</param>
/// <param name="Seed">Of everything.</param>
public sealed record NeedleDocumentOptions(int Tokens, int Facts, int Statements, int Questions, int Digits, double LearnText, long Seed);

/// <summary>A training document.</summary>
/// <param name="Tokens">Its tokens.</param>
/// <param name="IsLabel">Of each, whether it is to be learnt.</param>
public sealed record NeedleDocument(int[] Tokens, bool[] IsLabel);

/// <summary>Training documents: a book with facts hidden in it, said again here and there, and asked for at the end.</summary>
/// <remarks>Whoever says a fact again, or answers, has to find where it was said first: with many distances in one document.</remarks>
public sealed class NeedleDocuments
{
    private readonly ITokenizer _tokenizer;
    private readonly Haystack _haystack;
    private readonly NeedleDocumentOptions _options;
    private readonly int[] _prefix;

    /// <summary>Documents over a haystack.</summary>
    /// <exception cref="ArgumentException">Statements and questions alone are longer than a document.</exception>
    public NeedleDocuments(ITokenizer tokenizer, Haystack haystack, NeedleDocumentOptions options)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        (_tokenizer, _haystack, _options) = (tokenizer, haystack, options);
        _prefix = [.. tokenizer.BosId is { } bos ? [bos] : Array.Empty<int>(), .. Encode(NeedleWording.Prefix)];
        Make(0);
    }

    /// <summary>A document.</summary>
    /// <param name="nth">From 0; the same number gives the same document.</param>
    public NeedleDocument Make(long nth)
    {
        var random = NeedleRandom.Of(_options.Seed, nth);
        var cities = NeedleWording.Cities.ToArray();
        random.Shuffle(cities);
        var facts = cities.Take(random.Next(1, _options.Facts + 1)).Select(city => (City: city, Number: random.Number(_options.Digits))).ToArray();
        var stated = Enumerable.Range(0, _options.Statements).Select(_ => facts[random.Next(facts.Length)]).ToArray();
        var statements = stated.Select(fact => Encode(NeedleWording.Statement(fact.City, fact.Number))).ToArray();
        var asked = Enumerable.Range(0, stated.Length == 0 ? 0 : _options.Questions).Select(_ => stated[random.Next(stated.Length)]).ToArray();
        var questions = asked.Select((fact, at) => Encode((at == 0 ? NeedleWording.Question(fact.City) : "." + NeedleWording.FurtherQuestion(fact.City)) + NeedleWording.Answer(fact.Number))).ToArray();

        var length = _options.Tokens - _prefix.Length - statements.Sum(each => each.Length) - questions.Sum(each => each.Length);
        if (length < 0)
        {
            throw new ArgumentException($"{_options.Statements} statements and {_options.Questions} questions need {_options.Tokens - length} tokens; allowed: fewer, or documents longer than {_options.Tokens}");
        }

        var piece = _haystack.Piece(random.Next(), length);
        var places = statements.Select(_ => piece.SentenceEndFrom(random.Next(length + 1))).Order().ToArray();
        int[] tokens = [.. _prefix, .. piece.With(places.Zip(statements)), .. questions.SelectMany(each => each)];

        // Which of them are numbers that stand there a second time: found by the same insertion, of marks instead of tokens.
        var marks = statements.Select((sentence, at) => Marks(sentence, stated[at].Number, isKnown: stated.AsSpan(0, at).Contains(stated[at])));
        var plain = piece with { Tokens = new int[length] };
        int[] known = [.. new int[_prefix.Length], .. plain.With(places.Zip(marks)), .. questions.SelectMany((sentence, at) => Marks(sentence, asked[at].Number, isKnown: true))];
        return new NeedleDocument(tokens, [.. known.Select(mark => mark == 1 || random.NextDouble() < _options.LearnText)]);
    }

    /// <summary>Writes the documents from 0 on.</summary>
    /// <param name="writer">Not committed here.</param>
    /// <param name="count">How many.</param>
    /// <param name="stop">Ends between two documents.</param>
    public void WriteTo(PackedTokensWriter writer, long count, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(writer);
        for (var nth = 0L; nth < count; nth++)
        {
            stop.ThrowIfCancellationRequested();
            var (tokens, isLabel) = Make(nth);
            writer.Append(tokens, isLabel);
            writer.EndDocument();
        }
    }

    // 1 at the tokens of a known number, the last of the sentence.
    private int[] Marks(int[] sentence, string number, bool isKnown)
    {
        var marks = new int[sentence.Length];
        var answer = Encode(NeedleWording.Answer(number));
        var start = sentence.AsSpan().LastIndexOf(answer);
        if (isKnown && start >= 0)
        {
            marks.AsSpan(start, answer.Length).Fill(1);
        }

        return marks;
    }

    private int[] Encode(string text) => _tokenizer.Encode(text, addSpecialTokens: false);
}
