using ActorRing.Compute.Data;

namespace ActorRing.Compute.Specs.Data;

public sealed class TokenizedCorpusSpec : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(null, null, true, new[] { 256, 97, 98, 257, 256, 257, 7, 8 }, new long[] { 4, 6, 8 })]
    [InlineData(null, null, false, new[] { 97, 98, 7, 8 }, new long[] { 2, 4 })]
    [InlineData(false, true, true, new[] { 97, 98, 257, 257, 7, 8 }, new long[] { 3, 4, 6 })]
    [InlineData(true, false, true, new[] { 256, 97, 98, 256, 7, 8 }, new long[] { 3, 4, 6 })]
    public void Documents_must_have_the_special_tokens_asked_for_when_they_are_text(bool? bos, bool? eos, bool hasSpecials, int[] ids, long[] starts)
    {
        var options = Options(new Utf8Tokenizer(hasSpecials)) with { AddBos = bos, AddEos = eos };
        using var corpus = TokenizedCorpus.Open([folder.Write("a.jsonl", "{\"text\":\"ab\"}\n{\"text\":\"\"}\n{\"input_ids\":[7,8]}")], options);
        Assert.Equal(ids, All(corpus));
        Assert.Equal(3, corpus.DocumentCount);
        Assert.Equal(starts, Starts(corpus));
    }

    [Fact]
    public void Files_must_follow_each_other_as_named_with_packed_ones_last()
    {
        string[] files = [folder.Pack("p.tokens", 2, 3), folder.Write("b.txt", "bb"), folder.Pack("none.tokens"), folder.Gzip("a.txt.gz", "a"),
            folder.Write("empty.txt", ""), folder.Pack("q.tokens", 0, 1, 0)];
        using var corpus = TokenizedCorpus.Open(files, Options(new Utf8Tokenizer(false)));
        Assert.Equal([98, 98, 97, 0, 1, 2, 3, 4, 0], All(corpus));
        Assert.Equal(8, corpus.DocumentCount);
        Assert.Equal([2, 3, 5, 8, 9], Starts(corpus));
        Assert.Equal($"{files[0]} and 5 more", corpus.Name);
        for (var position = 0; position <= 9; position++)
        {
            for (var length = 0; position + length <= 9; length++)
            {
                var part = new int[length];
                corpus.Read(position, part);
                Assert.Equal(All(corpus)[position..(position + length)], part);
                var found = new long[length + 1];
                var count = corpus.FindDocumentStarts(position, length, found);
                Assert.Equal(new long[] { 2, 3, 5, 8, 9 }.Where(start => start > position && start <= position + length).Select(start => start - position),
                    found[..count]);
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => corpus.Read(9, new int[1]));
    }

    [Fact]
    public void Text_must_be_tokenised_once_when_nothing_changes_and_again_when_something_does()
    {
        var tokenizer = new Utf8Tokenizer(true);
        var path = folder.Write("a.txt", "text");
        int Open(CorpusOptions options, string file)
        {
            var before = tokenizer.Calls;
            using var corpus = TokenizedCorpus.Open([file], options);
            Assert.Equal(corpus.TokenCount, All(corpus).Length);
            return tokenizer.Calls - before;
        }

        var options = Options(tokenizer);
        Assert.Equal(1, Open(options, path));
        Assert.Equal(0, Open(options, path));
        Assert.Equal(0, Open(options, folder.Write("same.txt", "text")));
        Assert.Equal(1, Open(options with { TokenizerKey = "other" }, path));
        Assert.Equal(1, Open(options with { AddEos = false }, path));
        Assert.Equal(1, Open(options, folder.Write("a.txt", "texts")));
        Assert.Equal(0, Open(options, folder.Write("a.txt", "text")));
        var cached = Directory.GetFiles(folder.Cache);
        Assert.Equal(4, cached.Length);
        foreach (var file in cached) File.WriteAllBytes(file, File.ReadAllBytes(file)[..70]);
        Assert.Equal(1, Open(options, path));
        Assert.Equal(0, Open(options, path));
    }

    [Fact]
    public void A_long_text_must_give_the_same_tokens_when_it_is_read_in_pieces()
    {
        var path = folder.Write("a.txt", string.Concat(Enumerable.Range(0, 2000).Select(i => $"line {i} é\r\n")));
        using var whole = TokenizedCorpus.Open([path], Options(new Utf8Tokenizer(true)));
        var tokenizer = new Utf8Tokenizer(true);
        using var pieces = TokenizedCorpus.Open([path], Options(tokenizer) with { PieceBytes = 100, CacheFolder = folder.File("other") });
        Assert.InRange(tokenizer.Calls, 200, 400);
        Assert.Equal(All(whole), All(pieces));
        Assert.Equal(1, pieces.DocumentCount);
    }

    [Fact]
    public void An_id_must_be_refused_with_file_and_document_when_the_model_does_not_have_it()
    {
        var json = folder.Write("a.jsonl", "{\"text\":\"ab\"}\n\n{\"input_ids\":[1,300]}");
        Assert.Equal($"{json}:3: document 1 (from 0) holds token id 300; allowed: 0 to 257, the model's vocabulary",
            Error([json], Options(new Utf8Tokenizer(true))));
        var text = folder.Write("a.txt", "az");
        Assert.Equal($"{text}: document 0 (from 0) holds token id 122; allowed: 0 to 121, the model's vocabulary",
            Error([text], Options(new Utf8Tokenizer(false)) with { VocabularySize = 122 }));
        var packed = folder.Pack("p.tokens", 2, 0, 4);
        Assert.Equal($"{packed}: document 2 (from 0) holds token id 3; allowed: 0 to 2, the model's vocabulary",
            Error([packed], Options(null) with { VocabularySize = 3 }));
        Assert.Empty(Directory.GetFiles(folder.Cache));
    }

    [Fact]
    public void A_cached_id_must_be_refused_when_the_next_model_has_a_smaller_vocabulary()
    {
        var text = folder.Write("a.txt", "az");
        var options = Options(new Utf8Tokenizer(false));
        TokenizedCorpus.Open([text], options).Dispose();
        Assert.Equal($"{text}: document 0 (from 0) holds token id 122; allowed: 0 to 99, the model's vocabulary",
            Error([text], options with { VocabularySize = 100 }));
    }

    [Fact]
    public void A_packed_id_must_be_refused_when_its_header_hid_it()
    {
        var path = folder.Pack("p.tokens", 2, 4);
        var bytes = File.ReadAllBytes(path);
        bytes[64 + (2 * 4)] = 200;
        File.WriteAllBytes(path, bytes);
        using var corpus = TokenizedCorpus.Open([path], Options(null) with { VocabularySize = 6 });
        Assert.Equal($"{path}: document 1 (from 0) holds token id 200; allowed: 0 to 5, the model's vocabulary",
            Assert.Throws<InvalidDataException>(() => All(corpus)).Message);
    }

    [Fact]
    public void Data_must_be_refused_in_one_line_when_the_tokenizer_cannot_serve_it()
    {
        var text = folder.Write("a.txt", "a");
        Assert.Equal($"{text}: text, and the model has no tokenizer; allowed: input_ids, or a tokenizer", Error([text], Options(null)));
        Assert.Equal("add_bos is true and the tokenizer has no BOS token; allowed: false or auto",
            Error([text], Options(new Utf8Tokenizer(false)) with { AddBos = true }));
        Assert.Equal("add_eos is true and the tokenizer has no EOS token; allowed: false or auto",
            Error([text], Options(new Utf8Tokenizer(false)) with { AddEos = true }));
        Assert.Empty(Directory.GetFiles(folder.Cache));
    }

    [Fact]
    public void Nothing_must_be_left_when_the_tokenising_is_cancelled()
    {
        using var source = new CancellationTokenSource();
        var path = folder.Write("a.jsonl", string.Join("\n", Enumerable.Repeat("{\"text\":\"ab\"}", 100)));
        Assert.Throws<OperationCanceledException>(() =>
            TokenizedCorpus.Open([path], Options(new Utf8Tokenizer(false)), new Cancel(source, 50), source.Token));
        Assert.Empty(Directory.GetFiles(folder.Cache));
    }

    private static int[] All(TokenizedCorpus corpus)
    {
        var ids = new int[corpus.TokenCount];
        corpus.Read(0, ids);
        return ids;
    }

    private static long[] Starts(TokenizedCorpus corpus)
    {
        var found = new long[corpus.TokenCount + 1];
        return found[..corpus.FindDocumentStarts(0, (int)corpus.TokenCount, found)];
    }

    private CorpusOptions Options(Utf8Tokenizer? tokenizer) => new(258, folder.Cache) { Tokenizer = tokenizer, TokenizerKey = "utf-8" };

    private static string Error(string[] files, CorpusOptions options) =>
        Assert.Throws<InvalidDataException>(() => TokenizedCorpus.Open(files, options)).Message;

    private sealed class Cancel(CancellationTokenSource source, long tokens) : IProgress<CorpusProgress>
    {
        public void Report(CorpusProgress value)
        {
            if (value.Tokens >= tokens) source.Cancel();
        }
    }
}
