using System.Text.RegularExpressions;
using ActorRing.Compute.Evaluation.Needle;
using ActorRing.Compute.Specs.Data;

namespace ActorRing.Compute.Specs.Evaluation.Needle;

/// <summary>Training documents: as long as asked, and true to what they state.</summary>
public partial class NeedleDocumentsSpec
{
    private static readonly Utf8Tokenizer Bytes = new(hasSpecials: true);
    private static readonly Haystack Haystack = new(Bytes, "One thing. Another thing! A third? And so on.");
    private static readonly NeedleDocumentOptions Options = new(Tokens: 1200, Facts: 4, Statements: 6, Questions: 3, Digits: 5, LearnText: 1, Seed: 3);

    [Fact]
    public void Documents_must_be_as_long_as_asked_and_answer_as_they_state()
    {
        var source = new NeedleDocuments(Bytes, Haystack, Options);
        for (var nth = 0; nth < 200; nth++)
        {
            var tokens = source.Make(nth).Tokens;
            var text = Bytes.Decode(tokens, skipSpecialTokens: true);
            var (book, asked) = (text[..text.IndexOf("</book>", StringComparison.Ordinal)], text[text.IndexOf("</book>", StringComparison.Ordinal)..]);
            var facts = Statement().Matches(book).Select(match => (City: match.Groups[1].Value, Number: match.Groups[2].Value)).ToList();
            var answers = Statement().Matches(asked).Select(match => (City: match.Groups[1].Value, Number: match.Groups[2].Value)).ToList();

            Assert.Equal(Options.Tokens, tokens.Length);
            Assert.Equal(Options.Statements, facts.Count);
            Assert.Equal(Options.Questions, answers.Count);
            Assert.All(answers, answer => Assert.Contains(answer, facts));
            Assert.All(facts.GroupBy(fact => fact.City), city => Assert.Single(city.Distinct()));
            Assert.InRange(facts.Distinct().Count(), 1, Options.Facts);
        }
    }

    [Fact]
    public void Documents_must_differ_by_number_and_by_seed_alone()
    {
        int[] Tokens(NeedleDocumentOptions options, long nth) => new NeedleDocuments(Bytes, Haystack, options).Make(nth).Tokens;
        Assert.Equal(Tokens(Options, 5), Tokens(Options, 5));
        Assert.NotEqual(Tokens(Options, 5), Tokens(Options, 6));
        Assert.NotEqual(Tokens(Options, 5), Tokens(Options with { Seed = 4 }, 5));
        Assert.Equal(Tokens(Options, 5), Tokens(Options with { LearnText = 0 }, 5));
    }

    [Fact]
    public void Labels_must_be_the_numbers_that_stood_there_before_when_no_text_is_learnt()
    {
        var source = new NeedleDocuments(Bytes, Haystack, Options with { LearnText = 0 });
        for (var nth = 0; nth < 50; nth++)
        {
            var (tokens, isLabel) = source.Make(nth);
            var text = Bytes.Decode(tokens, skipSpecialTokens: true);
            var special = tokens.Length - text.Length; // a byte is a token; BOS is one more
            var facts = Statement().Matches(text);
            var known = facts.Where(match => facts.Any(earlier => earlier.Index < match.Index && earlier.Groups[2].Value == match.Groups[2].Value))
                .SelectMany(match => Enumerable.Range(special + match.Groups[2].Index - 1, Options.Digits + 1));
            Assert.Equal(known, Enumerable.Range(0, tokens.Length).Where(at => isLabel[at]));
        }
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(1)]
    public void A_share_of_the_text_must_be_learnt_beside_them(double share)
    {
        var none = new NeedleDocuments(Bytes, Haystack, Options with { LearnText = 0 });
        var some = new NeedleDocuments(Bytes, Haystack, Options with { LearnText = share });
        var text = Enumerable.Range(0, 100).SelectMany(nth => some.Make(nth).IsLabel.Where((_, at) => !none.Make(nth).IsLabel[at])).ToList();
        Assert.InRange(text.Average(isLabel => isLabel ? 1.0 : 0), share - 0.01, share + 0.01);
        Assert.All(Enumerable.Range(0, 100), nth => Assert.All(none.Make(nth).IsLabel.Zip(some.Make(nth).IsLabel), pair => Assert.True(!pair.First || pair.Second)));
    }

    [Fact]
    public void More_statements_than_fit_must_be_refused() =>
        Assert.Contains("allowed: fewer", Assert.Throws<ArgumentException>(() => new NeedleDocuments(Bytes, Haystack, Options with { Statements = 40 })).Message, StringComparison.Ordinal);

    [GeneratedRegex(@"The special magic (\w+) number is: (\d+)")]
    private static partial Regex Statement();
}
