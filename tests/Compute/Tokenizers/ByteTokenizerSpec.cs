using System.Text;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Specs.Tokenizers;

public sealed class ByteTokenizerSpec
{
    private readonly ByteTokenizer tokenizer = new();

    [Fact]
    public void ByteTokenizer_must_have_258_ids_when_asked()
    {
        Assert.Equal(258, tokenizer.VocabularySize);
        Assert.Equal(256, tokenizer.BosId);
        Assert.Equal(257, tokenizer.EosId);
    }

    [Theory]
    [InlineData("", new int[0])]
    [InlineData("Az", new[] { 0x41, 0x7A })]
    [InlineData("é😀", new[] { 0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80 })]
    public void Encode_must_give_the_bytes_of_utf8_when_special_tokens_are_not_added(string text, int[] ids) =>
        Assert.Equal(ids, tokenizer.Encode(text, addSpecialTokens: false));

    [Fact]
    public void Encode_must_read_an_unpaired_surrogate_as_a_replacement_character_when_text_is_ill_formed() =>
        Assert.Equal([0xEF, 0xBF, 0xBD, 0x78], tokenizer.Encode("\uD800x", addSpecialTokens: false));

    [Fact]
    public void Encode_must_start_with_the_begin_token_when_special_tokens_are_added() =>
        Assert.Equal([256, 0x61], tokenizer.Encode("a", addSpecialTokens: true));

    [Fact]
    public void Decode_must_return_the_text_when_it_was_encoded()
    {
        foreach (var text in GoldenTokenizers.Texts)
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addSpecialTokens: true), skipSpecialTokens: true));
    }

    [Fact]
    public void Decode_must_show_special_tokens_when_they_are_kept() =>
        Assert.Equal("<bos>a<eos>", tokenizer.Decode([256, 0x61, 257], skipSpecialTokens: false));

    [Fact]
    public void Decode_must_join_the_bytes_on_both_sides_when_a_skipped_token_cuts_a_character() =>
        Assert.Equal("é", tokenizer.Decode([0xC3, 257, 0xA9], skipSpecialTokens: true));

    [Fact]
    public void Decode_must_replace_what_is_no_utf8_when_bytes_are_cut()
    {
        Assert.Equal("\uFFFDa", tokenizer.Decode([0xC3, 0x61], skipSpecialTokens: true));
        Assert.Equal(Encoding.UTF8.GetString([0xE2, 0x96]), tokenizer.Decode([0xE2, 0x96], skipSpecialTokens: true));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(258)]
    public void Decode_must_name_the_id_when_it_is_not_in_the_vocabulary(int id)
    {
        var problem = Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([0, id], skipSpecialTokens: true));
        Assert.Contains($"token id {id} ", problem.Message, StringComparison.Ordinal);
    }
}
