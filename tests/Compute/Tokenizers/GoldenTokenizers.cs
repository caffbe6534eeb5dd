using System.Text.Json;

namespace ActorRing.Compute.Specs.Tokenizers;

/// <summary>
/// The golden files of tests/Golden/tokenizers. Their ids and texts come from the Rust library tokenizers 0.23.2. The JavaScript port
/// @huggingface/tokenizers 0.2.0 disagrees on the texts that each golden.json lists under portDiffers; there it is wrong (the README beside
/// the files says where and how), and the Rust answer is expected.
/// </summary>
internal static class GoldenTokenizers
{
    public static TheoryData<string> Names =>
        ["llama3", "qwen2", "gpt2", "deepseek", "falcon", "o200k", "llama2", "mistral", "gemma", "metaspace", "partial", "normalizers"];

    public static string[] Texts { get; } = Read("strings.json").Deserialize<string[]>()!;

    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "tokenizers", name);

    public static string TokenizerPath(string name) => PathOf(Path.Combine(name, "tokenizer.json"));

    public static JsonElement Read(string name) => JsonDocument.Parse(File.ReadAllBytes(PathOf(name))).RootElement;

    public static GoldenFile Golden(string name)
    {
        var root = Read(Path.Combine(name, "golden.json"));
        var cases = root.GetProperty("cases").EnumerateArray().Select((row, index) => new GoldenCase(
            Texts[index], row[0].Deserialize<int[]>()!, TextOr(row[1], Texts[index]), TextOr(row[2], Texts[index])));
        var decode = root.GetProperty("decode").EnumerateArray().Select(row => (row[0].Deserialize<int[]>()!, row[1].GetString()!, row[2].GetString()!));
        return new GoldenFile(root.GetProperty("bare").Deserialize<int[]>()!, [.. cases], [.. decode]);
    }

    /// <summary>Reads a text, where 0 stands for one that equals the input.</summary>
    public static string TextOr(JsonElement element, string same) => element.ValueKind == JsonValueKind.Number ? same : element.GetString()!;

    /// <summary>Shows a text with everything that a terminal would hide.</summary>
    public static string Shown(string text) => JsonSerializer.Serialize(text);
}

/// <summary>One text, its ids with special tokens, and what they decode to with and without special tokens.</summary>
internal sealed record GoldenCase(string Text, int[] Ids, string Decoded, string DecodedPlain);

/// <summary>All that is expected of one tokenizer.</summary>
internal sealed record GoldenFile(int[] Bare, GoldenCase[] Cases, (int[] Ids, string Decoded, string DecodedPlain)[] RandomIds);
