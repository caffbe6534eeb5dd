using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Specs.Tokenizers;

public sealed class HfTokenizerGoldenSpec
{
    public static TheoryData<string> Names => GoldenTokenizers.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_must_give_the_ids_of_the_reference_when_texts_are_awkward(string name)
    {
        var tokenizer = HfTokenizer.Load(GoldenTokenizers.TokenizerPath(name));
        var wrong = Mismatches(tokenizer, GoldenTokenizers.Golden(name));
        Assert.True(wrong.Length == 0, string.Join('\n', wrong.Take(12)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_must_leave_out_only_the_template_when_special_tokens_are_not_added(string name)
    {
        var tokenizer = HfTokenizer.Load(GoldenTokenizers.TokenizerPath(name));
        var golden = GoldenTokenizers.Golden(name);
        Assert.Equal(golden.Bare, tokenizer.Encode("", addSpecialTokens: true));
        foreach (var expected in golden.Cases)
        {
            var inner = tokenizer.Encode(expected.Text, addSpecialTokens: false);
            var wrapped = Enumerable.Range(0, golden.Bare.Length + 1)
                .Any(cut => expected.Ids.AsSpan().SequenceEqual([.. golden.Bare[..cut], .. inner, .. golden.Bare[cut..]]));
            Assert.True(wrapped, GoldenTokenizers.Shown(expected.Text));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_must_give_the_text_of_the_reference_when_ids_come_from_texts(string name)
    {
        var tokenizer = HfTokenizer.Load(GoldenTokenizers.TokenizerPath(name));
        foreach (var expected in GoldenTokenizers.Golden(name).Cases)
        {
            Assert.Equal(expected.Decoded, tokenizer.Decode(expected.Ids, skipSpecialTokens: false));
            Assert.Equal(expected.DecodedPlain, tokenizer.Decode(expected.Ids, skipSpecialTokens: true));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_must_give_the_text_of_the_reference_when_ids_are_random(string name)
    {
        var tokenizer = HfTokenizer.Load(GoldenTokenizers.TokenizerPath(name));
        foreach (var (ids, decoded, decodedPlain) in GoldenTokenizers.Golden(name).RandomIds)
        {
            Assert.Equal(decoded, tokenizer.Decode(ids, skipSpecialTokens: false));
            Assert.Equal(decodedPlain, tokenizer.Decode(ids, skipSpecialTokens: true));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Golden_comparison_must_notice_when_two_merges_are_swapped(string name)
    {
        using var folder = new ScratchFolder();
        var path = folder.Write("tokenizer.json", TokenizerJson.WithSwappedMerges(File.ReadAllText(GoldenTokenizers.TokenizerPath(name))));
        Assert.NotEmpty(Mismatches(HfTokenizer.Load(path), GoldenTokenizers.Golden(name)));
    }

    [Theory]
    [InlineData("llama3")]
    [InlineData("deepseek")]
    [InlineData("falcon")]
    [InlineData("o200k")]
    public void Decode_must_return_every_text_unchanged_when_the_tokenizer_is_byte_level_and_does_not_normalise(string name)
    {
        var tokenizer = HfTokenizer.Load(GoldenTokenizers.TokenizerPath(name));

        // [PAD] swallows the white space after it, so a text that holds it cannot come back.
        foreach (var text in GoldenTokenizers.Texts.Where(text => !text.Contains("[PAD]", StringComparison.Ordinal)))
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addSpecialTokens: false), skipSpecialTokens: false));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_must_stay_below_the_vocabulary_size_when_texts_are_awkward(string name)
    {
        var tokenizer = HfTokenizer.Load(GoldenTokenizers.TokenizerPath(name));
        Assert.All(
            GoldenTokenizers.Texts.SelectMany(text => tokenizer.Encode(text, addSpecialTokens: true)),
            id => Assert.InRange(id, 0, tokenizer.VocabularySize - 1));
    }

    private static string[] Mismatches(HfTokenizer tokenizer, GoldenFile golden) =>
    [
        .. from expected in golden.Cases
           let actual = tokenizer.Encode(expected.Text, addSpecialTokens: true)
           where !actual.AsSpan().SequenceEqual(expected.Ids)
           select $"{GoldenTokenizers.Shown(expected.Text)}: expected {string.Join(' ', expected.Ids)}, got {string.Join(' ', actual)}",
    ];
}
