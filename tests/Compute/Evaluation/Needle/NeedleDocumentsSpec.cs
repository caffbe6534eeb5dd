using System.Text.RegularExpressions;
using ActorRing.Compute.Evaluation.Needle;
using ActorRing.Compute.Specs.Data;

namespace ActorRing.Compute.Specs.Evaluation.Needle;

/// <summary>Training documents: as long as asked, and true to what they state.</summary>
public partial class NeedleDocumentsSpec
{
    private static readonly Utf8Tokenizer Bytes = new(hasSpecials: true);
    private static readonly Haystack Haystack = new(Bytes, "One thing. Another thing! A third? And so on.");
    private static readonly NeedleDocumentOptions Options = new(Tokens: 1200, Facts: 4, Statements: 6, Questions: 3, Digits: 5, Seed: 3);

    [Fact]
    public void Documents_must_be_as_long_as_asked_and_answer_as_they_state()
    {
        var source = new NeedleDocuments(Bytes, Haystack, Options);
        for (var nth = 0; nth < 200; nth++)
        {
            var tokens = source.Make(nth);
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
        Assert.Equal(new NeedleDocuments(Bytes, Haystack, Options).Make(5), new NeedleDocuments(Bytes, Haystack, Options).Make(5));
        Assert.NotEqual(new NeedleDocuments(Bytes, Haystack, Options).Make(5), new NeedleDocuments(Bytes, Haystack, Options).Make(6));
        Assert.NotEqual(new NeedleDocuments(Bytes, Haystack, Options).Make(5), new NeedleDocuments(Bytes, Haystack, Options with { Seed = 4 }).Make(5));
    }

    [Fact]
    public void More_statements_than_fit_must_be_refused() =>
        Assert.Contains("allowed: fewer", Assert.Throws<ArgumentException>(() => new NeedleDocuments(Bytes, Haystack, Options with { Statements = 40 })).Message, StringComparison.Ordinal);

    [GeneratedRegex(@"The special magic (\w+) number is: (\d+)")]
    private static partial Regex Statement();
}
