using System.Text;
using System.Text.RegularExpressions;
using ActorRing.Compute.Data;

namespace ActorRing.Compute.Specs.Data;

public sealed class DocumentsSpec : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("one line without an end")]
    [InlineData("one\ntwo\n")]
    [InlineData("one\r\ntwo\r\n")]
    [InlineData("\0 é 漢字 😀")]
    public void A_text_file_must_be_one_document_with_its_line_ends_as_they_are(string text)
    {
        var piece = Assert.Single(TextDocuments.Read(folder.Write("a.txt", text), 1 << 20));
        Assert.Equal(new DocumentPiece(folder.File("a.txt"), text, null, true, true), piece);

        // GZipStream writes no file at all for no text, and a file of no bytes is refused.
        if (text.Length > 0) Assert.Equal(text, Assert.Single(TextDocuments.Read(folder.Gzip("a.txt.gz", text), 1 << 20)).Text);
    }

    [Fact]
    public void A_byte_order_mark_must_not_become_text() =>
        Assert.Equal("ab", Assert.Single(TextDocuments.Read(folder.Write("a.txt", "\uFEFFab"), 1 << 20)).Text);

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(64)]
    [InlineData(1000)]
    [InlineData(65536)]
    public void A_long_text_must_come_in_pieces_that_join_to_the_whole(int pieceBytes)
    {
        var text = string.Concat(Enumerable.Range(0, 7000).Select(i => $"word{i} é漢😀{new string('x', i % 40)}{(i % 7 == 0 ? "\r\n\r\n" : " ")}"));
        var pieces = TextDocuments.Read(folder.Write("a.txt", text), pieceBytes).ToList();
        Assert.Equal(text, string.Concat(pieces.Select(piece => piece.Text)));
        Assert.All(pieces, piece => Assert.InRange(Encoding.UTF8.GetByteCount(piece.Text!), 0, pieceBytes));
        Assert.True(pieces[0].IsFirst && pieces[^1].IsLast);
        Assert.Equal(1, pieces.Count(piece => piece.IsFirst));
        Assert.Equal(1, pieces.Count(piece => piece.IsLast));
    }

    [Fact]
    public void Pieces_must_split_into_the_same_words_as_the_whole_when_the_text_has_words()
    {
        // The splitting patterns of GPT-2 and Llama 3: they differ in where digits, punctuation and line ends go.
        string[] patterns =
        [
            @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ];
        var random = new Random(1);
        var text = string.Concat(Enumerable.Range(0, 60_000).Select(
            _ => random.Next(9) switch { 0 => "\r\n", 1 => "\n\n  ", 2 => ". ", 3 => "  ", 4 => " 12345", 5 => "'s ", 6 => "…\n", _ => " word" }));
        var pieces = TextDocuments.Read(folder.Write("a.txt", text), 1024).Select(piece => piece.Text!).ToList();
        Assert.True(pieces.Count > 100);
        foreach (var pattern in patterns)
        {
            Assert.Equal(Regex.Matches(text, pattern).Select(match => match.Value),
                pieces.SelectMany(piece => Regex.Matches(piece, pattern).Select(match => match.Value)));
        }
    }

    [Fact]
    public void Text_must_be_refused_with_its_place_when_it_is_not_UTF8()
    {
        var path = folder.Write("a.txt", [.. Encoding.UTF8.GetBytes(new string('é', 100)), 0xC3, 0x28]);
        Assert.Equal($"{path}: byte 200 is not UTF-8; allowed: UTF-8 text", Error(() => TextDocuments.Read(path, 1 << 20)));
        Assert.Equal($"{path}: byte 200 is not UTF-8; allowed: UTF-8 text", Error(() => TextDocuments.Read(path, 32)));
        var cut = folder.Write("b.txt", [.. "ab"u8, 0xE6, 0xBC]);
        Assert.Equal($"{cut}: byte 2 is not UTF-8; allowed: UTF-8 text", Error(() => TextDocuments.Read(cut, 1 << 20)));
        var utf16 = folder.Write("c.txt", Encoding.Unicode.GetPreamble());
        Assert.Equal($"{utf16}: byte 0 is not UTF-8; allowed: UTF-8 text", Error(() => TextDocuments.Read(utf16, 1 << 20)));
    }

    [Fact]
    public void A_gzip_file_must_be_refused_when_it_is_broken_or_cut_short()
    {
        var whole = File.ReadAllBytes(folder.Gzip("a.txt.gz", string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i * 7919 % 10007} "))));
        foreach (var length in new[] { 0, 1, 9, 10, 18, whole.Length / 2, whole.Length - 9, whole.Length - 8, whole.Length - 1 })
        {
            var cut = folder.Write("cut.txt.gz", whole[..length]);
            Assert.Equal($"{cut}: broken gzip data; allowed: a whole gzip file", Error(() => TextDocuments.Read(cut, 1 << 20)));
        }

        var flipped = (byte[])whole.Clone();
        flipped[^5] ^= 1;
        var wrong = folder.Write("wrong.txt.gz", flipped);
        Assert.Equal($"{wrong}: broken gzip data; allowed: a whole gzip file", Error(() => TextDocuments.Read(wrong, 1 << 20)));
        var twice = folder.Write("twice.txt.gz", [.. whole, .. whole]);
        var text = Assert.Single(TextDocuments.Read(folder.File("a.txt.gz"), 1 << 20)).Text;
        Assert.Equal(text + text, Assert.Single(TextDocuments.Read(twice, 1 << 20)).Text);
        var plain = folder.Write("plain.txt.gz", "not gzip at all");
        Assert.Equal($"{plain}: broken gzip data; allowed: a whole gzip file", Error(() => TextDocuments.Read(plain, 1 << 20)));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Json_lines_must_be_one_document_each_when_they_have_text_or_ids(string end)
    {
        var text = string.Join(end, "{\"text\":\"a\\nb\"}", "", "{\"id\":{\"text\":\"no\"},\"text\":\"\"}", "  ",
            "{\"input_ids\":[0,5,70000],\"text\":\"ignored\"}", "{\"input_ids\":[]}");
        foreach (var path in new[] { folder.Write("a.jsonl", "\uFEFF" + text), folder.Gzip("a.jsonl.gz", text + end) })
        {
            var documents = JsonLinesDocuments.Read(path, 1 << 20).ToList();
            Assert.Equal(["a\nb", "", null, null], documents.Select(document => document.Text));
            Assert.Equal([null, null, [0, 5, 70000], []], documents.Select(document => document.Ids));
            Assert.Equal([$"{path}:1", $"{path}:3", $"{path}:5", $"{path}:6"], documents.Select(document => document.Source));
            Assert.All(documents, document => Assert.True(document.IsFirst && document.IsLast));
        }
    }

    [Fact]
    public void Json_lines_must_be_read_whole_when_they_are_longer_than_a_buffer()
    {
        var texts = Enumerable.Range(0, 30).Select(i => new string((char)('a' + (i % 26)), i * i * 300)).ToList();
        var path = folder.Write("a.jsonl", string.Join("\n", texts.Select(text => $"{{\"text\":\"{text}\"}}")));
        Assert.Equal(texts, JsonLinesDocuments.Read(path, 1 << 20).Select(document => document.Text!));
        Assert.Empty(JsonLinesDocuments.Read(folder.Write("empty.jsonl", ""), 1 << 20));
        Assert.Equal($"{path}:2: a line of more than 200 bytes; allowed: shorter lines", Error(() => JsonLinesDocuments.Read(path, 200)));
    }

    [Theory]
    [InlineData("{\"text\":5}", "\"text\" that is no string; allowed: an object with \"text\" (a string) or \"input_ids\" (a list of whole numbers from 0)")]
    [InlineData("{\"text\":null}", "\"text\" that is no string; allowed: an object with \"text\" (a string) or \"input_ids\" (a list of whole numbers from 0)")]
    [InlineData("{\"txt\":\"a\"}", "no document; allowed: an object with \"text\" (a string) or \"input_ids\" (a list of whole numbers from 0)")]
    [InlineData("{}", "no document; allowed: an object with \"text\" (a string) or \"input_ids\" (a list of whole numbers from 0)")]
    [InlineData("[1]", "a value that is no object; allowed: an object with \"text\" (a string) or \"input_ids\" (a list of whole numbers from 0)")]
    [InlineData("{\"input_ids\":5}", "\"input_ids\" that is no list; allowed: an object with \"text\" (a string) or \"input_ids\" (a list of whole numbers "
        + "from 0)")]
    [InlineData("{\"input_ids\":[1,-1]}", "\"input_ids\" whose item 1 is no token id; allowed: an object with \"text\" (a string) or \"input_ids\" (a list "
        + "of whole numbers from 0)")]
    [InlineData("{\"input_ids\":[1.5]}", "\"input_ids\" whose item 0 is no token id; allowed: an object with \"text\" (a string) or \"input_ids\" (a list "
        + "of whole numbers from 0)")]
    [InlineData("{\"input_ids\":[2147483648]}", "\"input_ids\" whose item 0 is no token id; allowed: an object with \"text\" (a string) or \"input_ids\" (a "
        + "list of whole numbers from 0)")]
    [InlineData("{\"input_ids\":[[1]]}", "\"input_ids\" whose item 0 is no token id; allowed: an object with \"text\" (a string) or \"input_ids\" (a list "
        + "of whole numbers from 0)")]
    [InlineData("{\"text\":\"\\ud800\"}", "\"text\" is not Unicode text; allowed: UTF-8")]
    [InlineData("{\"text\":\"a\"} x", "not JSON at byte 13; allowed: one object a line")]
    [InlineData("{\"text\":\"a\"", "not JSON at byte 11; allowed: one object a line")]
    [InlineData("plain text", "not JSON at byte 0; allowed: one object a line")]
    public void A_json_line_must_be_refused_in_one_line_when_it_is_no_document(string line, string error)
    {
        var path = folder.Write("a.jsonl", "{\"text\":\"fine\"}\n" + line + "\n");
        Assert.Equal($"{path}:2: {error}", Error(() => JsonLinesDocuments.Read(path, 1 << 20)));
    }

    [Fact]
    public void A_json_line_must_be_refused_when_its_text_is_broken_UTF8()
    {
        var path = folder.Write("a.jsonl", [.. "{\"text\":\""u8, 0xC3, 0x28, .. "\"}"u8]);
        Assert.StartsWith($"{path}:1: ", Error(() => JsonLinesDocuments.Read(path, 1 << 20)), StringComparison.Ordinal);
    }

    private static string Error(Func<IEnumerable<DocumentPiece>> read) => Assert.Throws<InvalidDataException>(() => { _ = read().ToList(); }).Message;
}
