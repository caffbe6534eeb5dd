using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Specs.Tokenizers;

public sealed class HfTokenizerRefusalSpec
{
    [Theory]
    [InlineData("version", "\"2.0\"", "version", "\"2.0\"", "1.0")]
    [InlineData("surprise", "1", "surprise", "unknown key", "added_tokens")]
    [InlineData("model", "null", "model", "missing", "required")]
    [InlineData("model.type", "\"Unigram\"", "model.type", "\"Unigram\"", "BPE")]
    [InlineData("model.dropout", "0.1", "model.dropout", "0.1", "null or 0")]
    [InlineData("model.continuing_subword_prefix", "\"##\"", "model.continuing_subword_prefix", "\"##\"", "null or \"\"")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "model.end_of_word_suffix", "\"</w>\"", "null or \"\"")]
    [InlineData("model.unk_token", "\"<unk>\"", "model.unk_token", "\"<unk>\"", "token of model.vocab")]
    [InlineData("model.fuse_unk", "1", "model.fuse_unk", "1", "true or false")]
    [InlineData("model.speed", "1", "model.speed", "unknown key", "ignore_merges")]
    [InlineData("model.vocab.abc", "-1", "model.vocab.abc", "-1", "0 to")]
    [InlineData("model.vocab.abc", "1.5", "model.vocab.abc", "1.5", "0 to")]
    [InlineData("model.vocab.abc", "2147483648", "model.vocab.abc", "2147483648", "0 to")]
    [InlineData("model.vocab.abc", "0", "model.vocab.abc", "0", "'a'")]
    [InlineData("model.merges.0", "\"a b c\"", "model.merges[0]", "\"a b c\"", "two tokens")]
    [InlineData("model.merges.0", "[\"a\"]", "model.merges[0]", "[\"a\"]", "two tokens")]
    [InlineData("model.merges.1", "\"a x\"", "model.merges[1]", "\"a x\"", "'x' is not one")]
    [InlineData("model.merges.1", "\"a c\"", "model.merges[1]", "\"a c\"", "'ac' is not one")]
    [InlineData("model.merges.1", "7", "model.merges[1]", "7", "an array")]
    [InlineData("added_tokens.0.id", "9", "added_tokens[0].id", "9", "5")]
    [InlineData("added_tokens.0.content", "\"\"", "added_tokens[0].content", "\"\"", "at least one character")]
    [InlineData("added_tokens.0.content", "\"a\"", "added_tokens[0].id", "5", "0, the id of 'a'")]
    [InlineData("added_tokens.0.special", "null", "added_tokens[0].special", "missing", "required")]
    [InlineData("added_tokens.0.color", "1", "added_tokens[0].color", "unknown key", "lstrip")]
    [InlineData("normalizer", "{\"type\": \"Nmt\"}", "normalizer.type", "\"Nmt\"", "NFKC")]
    [InlineData(
        "normalizer",
        "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Precompiled\"}]}",
        "normalizer.normalizers[0].type", "\"Precompiled\"", "Prepend")]
    [InlineData("normalizer", "{\"type\": \"Strip\", \"strip_left\": true}", "normalizer.strip_right", "missing", "required")]
    [InlineData(
        "normalizer",
        "{\"type\": \"Replace\", \"pattern\": {\"String\": \"\"}, \"content\": \"x\"}",
        "normalizer.pattern.String", "\"\"", "at least one")]
    [InlineData("normalizer", "{\"type\": \"Replace\", \"pattern\": {\"Glob\": \"*\"}, \"content\": \"x\"}", "normalizer.pattern.Glob", "unknown key", "Regex")]
    [InlineData("pre_tokenizer", "{\"type\": \"BertPreTokenizer\"}", "pre_tokenizer.type", "\"BertPreTokenizer\"", "WhitespaceSplit")]
    [InlineData(
        "pre_tokenizer",
        "{\"type\": \"Split\", \"pattern\": {\"String\": \"a\"}, \"behavior\": \"Merged\", \"invert\": false}",
        "pre_tokenizer.behavior", "\"Merged\"", "Contiguous")]
    [InlineData(
        "pre_tokenizer",
        "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(?<n>a)\"}, \"behavior\": \"Isolated\", \"invert\": false}",
        "pre_tokenizer.pattern.Regex", "(?<n>a)", "(?: )")]
    [InlineData("pre_tokenizer", "{\"type\": \"Metaspace\", \"replacement\": \"__\"}", "pre_tokenizer.replacement", "\"__\"", "one character")]
    [InlineData(
        "pre_tokenizer",
        "{\"type\": \"Metaspace\", \"replacement\": \"_\", \"prepend_scheme\": \"last\"}",
        "pre_tokenizer.prepend_scheme", "\"last\"", "always, first, never")]
    [InlineData(
        "pre_tokenizer",
        "{\"type\": \"Metaspace\", \"replacement\": \"_\", \"add_prefix_space\": false}",
        "pre_tokenizer.add_prefix_space", "false", "never")]
    [InlineData("pre_tokenizer", "{\"type\": \"Digits\", \"individual_digits\": true, \"base\": 8}", "pre_tokenizer.base", "unknown key", "individual_digits")]
    [InlineData("post_processor", "{\"type\": \"BertProcessing\"}", "post_processor.type", "\"BertProcessing\"", "TemplateProcessing")]
    [InlineData(
        "post_processor",
        "{\"type\": \"TemplateProcessing\", \"single\": [], \"pair\": [], \"special_tokens\": {}}",
        "post_processor.single", "[]", "sequence A once")]
    [InlineData(
        "post_processor",
        "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"B\", \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {}}",
        "post_processor.single[0].Sequence.id", "\"B\"", "A")]
    [InlineData(
        "post_processor",
        "{\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"<s>\", \"type_id\": 0}}], "
        + "\"pair\": [], \"special_tokens\": {}}",
        "post_processor.single[0].SpecialToken.id", "\"<s>\"", "post_processor.special_tokens")]
    [InlineData("decoder", "{\"type\": \"CTC\"}", "decoder.type", "\"CTC\"", "ByteFallback")]
    [InlineData("decoder", "{\"type\": \"Strip\", \"content\": \" \", \"start\": -1, \"stop\": 0}", "decoder.start", "-1", "0 to")]
    public void Load_must_name_key_value_and_what_is_allowed_when_a_value_is_unknown(string path, string json, string key, string value, string allowed)
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("tokenizer.json", TokenizerJson.With(path, json));
        AssertRefused(file, key, value, allowed);
    }

    [Fact]
    public void Load_must_succeed_when_nothing_is_wrong_with_the_file_that_the_refusals_start_from()
    {
        using var folder = new ScratchFolder();
        var tokenizer = HfTokenizer.Load(folder.Write("tokenizer.json", TokenizerJson.Minimal));
        Assert.Equal([5, 4, 3, 0], tokenizer.Encode("<s>abcaba", addSpecialTokens: true));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"model\": }")]
    [InlineData("\u0000")]
    public void Load_must_say_that_it_is_not_json_when_the_file_is_broken(string text)
    {
        using var folder = new ScratchFolder();
        AssertRefused(folder.Write("tokenizer.json", text), "not JSON", "LineNumber", "");
    }

    [Theory]
    [InlineData("[]", "an object")]
    [InlineData("\"x\"", "an object")]
    [InlineData("{}", "'model' is missing")]
    public void Load_must_say_what_it_wants_when_the_json_is_something_else(string text, string wanted)
    {
        using var folder = new ScratchFolder();
        AssertRefused(folder.Write("tokenizer.json", text), wanted, "", "");
    }

    [Fact]
    public void Load_must_refuse_unpaired_surrogates_when_a_token_is_escaped_wrongly()
    {
        using var folder = new ScratchFolder();
        var json = TokenizerJson.Minimal.Replace("\"<s>\"", "\"\\ud800\"", StringComparison.Ordinal);
        AssertRefused(folder.Write("tokenizer.json", json), "added_tokens[0].content", "ud800", "without unpaired surrogates");
    }

    [Fact]
    public void Load_must_refuse_the_second_when_a_token_or_an_added_token_comes_twice()
    {
        using var folder = new ScratchFolder();
        var twice = TokenizerJson.Minimal.Replace("\"abc\": 4", "\"ab\": 4", StringComparison.Ordinal);
        AssertRefused(folder.Write("tokenizer.json", twice), "model.vocab.ab", "4", "each token once");

        var added = """{"id": 5, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}""";
        AssertRefused(folder.Write("tokenizer.json", TokenizerJson.With("added_tokens", $"[{added}, {added}]")), "added_tokens[1].content", "<s>", "once");
    }

    [Fact]
    public void Load_must_name_the_file_when_it_does_not_exist()
    {
        using var folder = new ScratchFolder();
        var missing = folder.Write("x", "") + ".json";
        Assert.Contains(missing, Assert.Throws<FileNotFoundException>(() => HfTokenizer.Load(missing)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_must_refuse_a_begin_token_when_the_tokenizer_does_not_have_it()
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("tokenizer.json", TokenizerJson.Minimal);
        folder.Write("tokenizer_config.json", """{"bos_token": "<nobody>"}""");
        var problem = Assert.Throws<InvalidDataException>(() => HfTokenizer.Load(file));
        Assert.Contains("tokenizer_config.json: key 'bos_token' is \"<nobody>\"", problem.Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(string file, params string[] parts)
    {
        var problem = Assert.Throws<InvalidDataException>(() => HfTokenizer.Load(file));
        Assert.All([file, .. parts], part => Assert.Contains(part, problem.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', problem.Message);
    }
}
