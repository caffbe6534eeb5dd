using System.Globalization;
using ActorRing.Compute.Evaluation.Needle;
using ActorRing.Compute.Specs.Data;

namespace ActorRing.Compute.Specs.Evaluation.Needle;

/// <summary>What is asked, on a tokenizer of one id a byte, so that tokens can be read.</summary>
public class NeedlePromptSpec
{
    private const string Text = "In the beginning was 3.14 of it. And then more came! \"Was it so?\" It was. The end is near enough.";

    private static readonly Utf8Tokenizer Bytes = new(hasSpecials: true);
    private static readonly NeedleOptions Options = new([100, 400], [0, 35, 100], Samples: 4, Digits: 5, Distractors: 3, Seed: 7, City: null);

    [Fact]
    public void Sentence_ends_must_be_found_in_the_text()
    {
        var ends = new SentenceEnds(Bytes).Find(Bytes.Encode(Text, addSpecialTokens: false));

        // Quotation marks and blanks that follow an end are places after it as well.
        Assert.Contains(Text.IndexOf("it. And", StringComparison.Ordinal) + 3, ends);
        Assert.Contains(Text.Length, ends);
        Assert.DoesNotContain(Text.IndexOf("3.14", StringComparison.Ordinal) + 2, ends);
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(35, 400)]
    [InlineData(100, 400)]
    public void Prompt_must_hold_the_needle_at_a_sentence_end_after_its_depth(double depth, int length)
    {
        var prompt = Make(length, depth, sample: 1);
        var text = TextOf(prompt);
        var book = text[NeedleWording.Prefix.Length..text.IndexOf("</book>", StringComparison.Ordinal)];
        var others = NeedleWording.Cities.Select(city => $"\nThe special magic {city} number is: ").Where(start => book.Contains(start, StringComparison.Ordinal)).ToList();
        var before = book[..book.IndexOf(prompt.Needle, StringComparison.Ordinal)];

        Assert.Equal(1 + Options.Distractors, others.Count);
        Assert.EndsWith(NeedleWording.Answer(prompt.Number), text, StringComparison.Ordinal);
        Assert.True(before.Length >= length * depth / 100 || depth > 90);
        Assert.True(depth > 90 || before.Length == 0 || before.TrimEnd()[^1] is '.' or '!' or '?' or '"', $"'{before}'");
        Assert.Equal(length, book.Length - others.Sum(start => start.Length + Options.Digits + ".\n".Length));
        Assert.True(prompt.Tokens.Length <= NeedlePrompt.MostTokens(Bytes, Options, length));
    }

    [Fact]
    public void Prompts_must_be_the_same_for_the_same_cell_and_others_for_others()
    {
        Assert.Equal(Make(400, 35, 2).Tokens, Make(400, 35, 2).Tokens);
        Assert.NotEqual(Make(400, 35, 2).Number, Make(400, 35, 3).Number);
        Assert.NotEqual(Make(400, 35, 2).Number, Make(400, 0, 2).Number);
        Assert.Equal(5, Make(400, 35, 2).Number.Length);
    }

    [Fact]
    public void A_given_city_must_be_asked_and_never_distract()
    {
        var options = Options with { City = "Paris", Distractors = 31 };
        var text = TextOf(NeedlePrompt.Make(Bytes, new Haystack(Bytes, Text), options, 400, 35, 0));

        Assert.Equal(2, text.Split("\nThe special magic Paris number is: ").Length);
        Assert.Contains("What is the special magic Paris number?", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.0, 1.0, true)]
    [InlineData(0.0, 0.2, false)]
    public void Score_must_be_one_for_who_echoes_the_needle_and_none_for_who_takes_a_distractor(double score, double mostCredit, bool echoes)
    {
        var test = new NeedleTest("fake", Bytes, new Haystack(Bytes, Text), Options with { Samples = 8 }, TimeProvider.System);
        var found = test.Cell(
            prompt => echoes ? prompt.Tokens[^prompt.AnswerTokens..] : Bytes.Encode(NeedleWording.Answer(DistractorOf(prompt)), addSpecialTokens: false), null, 400, 35, CancellationToken.None);

        // The blank before the number is right in any case: 1 of 6 tokens, and digits may meet by chance.
        Assert.Equal(score, found.Score);
        Assert.InRange(found.PartialCredit!.Value, echoes ? 1 : 1.0 / 6, Math.Max(mostCredit, 0.4));
    }

    [Theory]
    [InlineData(" {0}. And it came to pass", 1.0)]
    [InlineData("I think it is {0}!", 1.0)]
    [InlineData(" {0}7", 0.0)]
    [InlineData(" 1{0}", 0.0)]
    [InlineData(" 7 {0}", 0.0)]
    [InlineData(" nothing", 0.0)]
    [InlineData("", 0.0)]
    public void Free_score_must_take_the_first_whole_number_that_is_written(string text, double score)
    {
        var test = new NeedleTest("fake", Bytes, new Haystack(Bytes, Text), Options with { Samples = 3 }, TimeProvider.System);
        var found = test.Cell(
            prompt => new int[prompt.AnswerTokens],
            prompt => Bytes.Encode(string.Format(CultureInfo.InvariantCulture, text, prompt.Number), addSpecialTokens: false), 400, 35, CancellationToken.None);

        Assert.Equal((0, score), (found.Score, found.FreeScore));
    }

    [Fact]
    public void An_empty_haystack_must_be_refused() => Assert.Throws<InvalidDataException>(() => new Haystack(Bytes, ""));

    private static NeedlePrompt Make(int length, double depth, int sample) => NeedlePrompt.Make(Bytes, new Haystack(Bytes, Text), Options, length, depth, sample);

    private static string TextOf(NeedlePrompt prompt) => Bytes.Decode(prompt.Tokens, skipSpecialTokens: true);

    private static string DistractorOf(NeedlePrompt prompt)
    {
        var text = TextOf(prompt).Replace(prompt.Needle, "", StringComparison.Ordinal);
        const string start = " number is: ";
        return text.Substring(text.IndexOf(start, StringComparison.Ordinal) + start.Length, Options.Digits);
    }
}
