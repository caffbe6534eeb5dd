using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Specs.Tokenizers;

public sealed class HfTokenizerSpec
{
    [Theory]
    [InlineData("llama3", "<|begin_of_text|>", "<|end_of_text|>")]
    [InlineData("gpt2", "<s>", "</s>")]
    [InlineData("llama2", "<s>", "</s>")]
    public void Load_must_find_begin_and_end_tokens_when_the_config_beside_it_names_them(string name, string bos, string eos)
    {
        var tokenizer = HfTokenizer.Load(GoldenTokenizers.TokenizerPath(name));
        Assert.Equal([tokenizer.BosId!.Value, tokenizer.EosId!.Value], tokenizer.Encode(bos + eos, addSpecialTokens: false));
    }

    [Fact]
    public void Load_must_leave_begin_and_end_open_when_no_config_names_them()
    {
        var without = HfTokenizer.Load(GoldenTokenizers.TokenizerPath("deepseek"));
        Assert.Equal((null, null), (without.BosId, without.EosId));
        var qwen = HfTokenizer.Load(GoldenTokenizers.TokenizerPath("qwen2"));
        Assert.Null(qwen.BosId);
        Assert.NotNull(qwen.EosId);
    }

    [Fact]
    public void Load_must_read_special_tokens_map_when_the_config_says_nothing()
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("tokenizer.json", TokenizerJson.Minimal);
        folder.Write("tokenizer_config.json", """{"model_max_length": 1}""");
        folder.Write("special_tokens_map.json", """{"bos_token": {"content": "<s>"}, "eos_token": "abc"}""");
        var tokenizer = HfTokenizer.Load(file);
        Assert.Equal((5, 4), (tokenizer.BosId, tokenizer.EosId));
    }

    [Theory]
    [InlineData("LlamaTokenizerFast", "true", "false", new[] { 5, 0 })]
    [InlineData("LlamaTokenizer", "true", "true", new[] { 5, 0, 4 })]
    [InlineData("GemmaTokenizer", "false", "true", new[] { 0, 4 })]
    [InlineData("LlamaTokenizer", "null", "false", new[] { 5, 0 })]
    [InlineData("LlamaTokenizer", "null", "null", new[] { 0 })]
    [InlineData("PreTrainedTokenizerFast", "true", "true", new[] { 0 })]
    public void Encode_must_add_the_tokens_that_the_config_asks_for_when_its_class_builds_its_own_template(string name, string bos, string eos, int[] ids)
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("tokenizer.json", TokenizerJson.Minimal);
        folder.Write(
            "tokenizer_config.json",
            $$"""{"tokenizer_class": "{{name}}", "bos_token": "<s>", "eos_token": "abc", "add_bos_token": {{bos}}, "add_eos_token": {{eos}}}""");
        Assert.Equal(ids, HfTokenizer.Load(file).Encode("a", addSpecialTokens: true));
        Assert.Equal([0], HfTokenizer.Load(file).Encode("a", addSpecialTokens: false));
    }

    [Fact]
    public void Decode_must_skip_a_special_token_when_the_normalizer_changes_it()
    {
        // Files of OpenLLaMA look for "<s>" in the normalised text, where the prefix makes it "▁<s>". The reference forgets to skip it then.
        using var folder = new ScratchFolder();
        var json = File.ReadAllText(GoldenTokenizers.TokenizerPath("llama2"));
        var tokenizer = HfTokenizer.Load(folder.Write("tokenizer.json", json.Replace("\"normalized\":false", "\"normalized\":true", StringComparison.Ordinal)));
        var ids = tokenizer.Encode("<s>Hello", addSpecialTokens: true);
        Assert.Equal([1, 1], ids[..2]);
        Assert.Equal("<s> <s>Hello", tokenizer.Decode(ids, skipSpecialTokens: false));
        Assert.Equal("Hello", tokenizer.Decode(ids, skipSpecialTokens: true));
        Assert.DoesNotContain(1, tokenizer.Encode("a<s>b", addSpecialTokens: false));
    }

    [Fact]
    public void VocabularySize_must_be_one_more_than_the_largest_id_when_tokens_were_added()
    {
        using var folder = new ScratchFolder();
        Assert.Equal(6, HfTokenizer.Load(folder.Write("tokenizer.json", TokenizerJson.Minimal)).VocabularySize);
    }

    [Fact]
    public void Encode_must_read_unpaired_surrogates_as_replacement_characters_when_text_is_ill_formed()
    {
        var tokenizer = HfTokenizer.Load(GoldenTokenizers.TokenizerPath("llama3"));
        foreach (var broken in new[] { "\uD83D", "a\uDE00b", "\uDE00\uD83D", "x\uD83D\uD83D\uDE00" })
        {
            var repaired = string.Concat(broken.EnumerateRunes().Select(rune => rune.ToString()));
            Assert.Equal(tokenizer.Encode(repaired, addSpecialTokens: true), tokenizer.Encode(broken, addSpecialTokens: true));
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(6)]
    public void Decode_must_name_the_id_when_it_is_not_in_the_vocabulary(int id)
    {
        using var folder = new ScratchFolder();
        var tokenizer = HfTokenizer.Load(folder.Write("tokenizer.json", TokenizerJson.Minimal));
        var problem = Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([0, id], skipSpecialTokens: false));
        Assert.Contains($"token id {id} ", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_must_put_spaces_between_tokens_when_there_is_no_decoder()
    {
        using var folder = new ScratchFolder();
        var tokenizer = HfTokenizer.Load(folder.Write("tokenizer.json", TokenizerJson.Minimal));
        Assert.Equal("<s> abc a", tokenizer.Decode([5, 4, 0], skipSpecialTokens: false));
        Assert.Equal("abc a", tokenizer.Decode([5, 4, 0], skipSpecialTokens: true));
        Assert.Equal("", tokenizer.Decode([], skipSpecialTokens: true));
    }

    [Fact]
    public void Encode_must_give_the_same_ids_when_many_threads_share_the_tokenizer()
    {
        var tokenizer = HfTokenizer.Load(GoldenTokenizers.TokenizerPath("qwen2"));
        var golden = GoldenTokenizers.Golden("qwen2").Cases;
        Parallel.For(0, 8 * golden.Length, i =>
        {
            var expected = golden[i % golden.Length];
            Assert.Equal(expected.Ids, tokenizer.Encode(expected.Text, addSpecialTokens: true));
        });
    }

    [Fact]
    public void Encode_must_give_the_ids_of_the_parts_when_a_long_text_is_cut_between_lines()
    {
        var tokenizer = HfTokenizer.Load(GoldenTokenizers.TokenizerPath("llama3"));
        var lines = Enumerable.Range(0, 3000).Select(i => $"And God said unto them, line {i}, multiply.\n").ToArray();
        var whole = tokenizer.Encode(string.Concat(lines), addSpecialTokens: false);
        Assert.Equal(lines.SelectMany(line => tokenizer.Encode(line, addSpecialTokens: false)), whole);
    }
}
