using System.Text.Json;
using ActorRing.Compute.Tokenizers.Decoders;
using ActorRing.Compute.Tokenizers.Normalizers;
using ActorRing.Compute.Tokenizers.PreTokenizers;
using ActorRing.Compute.Tokenizers.Reading;

namespace ActorRing.Compute.Specs.Tokenizers;

public sealed class ComponentGoldenSpec
{
    private static readonly JsonElement Golden = GoldenTokenizers.Read("components.json");
    private static readonly string[] Texts = Golden.GetProperty("texts").Deserialize<string[]>()!;

    public static TheoryData<string> PreTokenizers => Configs("pre_tokenizer");

    public static TheoryData<string> Normalizers => Configs("normalizer");

    public static TheoryData<string> Decoders => Configs("decoder");

    [Theory]
    [MemberData(nameof(PreTokenizers))]
    public void PreTokenizer_must_cut_as_the_reference_does_when_texts_are_awkward(string config)
    {
        var preTokenizer = PreTokenizerReader.Read(Node(config));
        var expected = Expected("pre_tokenizer", config);
        for (var i = 0; i < Texts.Length; i++)
        {
            if (Texts[i].Length == 0) continue;
            var pieces = preTokenizer.Apply([new Piece(Texts[i], 0, Texts[i].Length, AtOrigin: true)]);
            AssertSame(Texts[i], expected[i].Deserialize<string[]>()!, [.. pieces.Select(piece => piece.Span.ToString())]);
        }
    }

    [Theory]
    [MemberData(nameof(Normalizers))]
    public void Normalizer_must_rewrite_as_the_reference_does_when_texts_are_awkward(string config)
    {
        var normalizer = NormalizerReader.Read(Node(config));
        var expected = Expected("normalizer", config);
        for (var i = 0; i < Texts.Length; i++)
        {
            if (Texts[i].Length == 0) continue;
            var atOrigin = true;
            AssertSame(Texts[i], [GoldenTokenizers.TextOr(expected[i], Texts[i])], [normalizer.Apply(Texts[i], ref atOrigin)]);
        }
    }

    [Theory]
    [MemberData(nameof(Decoders))]
    public void Decoder_must_join_as_the_reference_does_when_tokens_are_awkward(string config)
    {
        var decoder = DecoderReader.Read(Node(config));
        var expected = Expected("decoder", config);
        var lists = Golden.GetProperty("tokenLists").Deserialize<string[][]>()!;
        for (var i = 0; i < lists.Length; i++)
            AssertSame(string.Join(' ', lists[i]), [expected[i].GetString()!], [string.Concat(decoder.Apply([.. lists[i]]))]);
    }

    private static TheoryData<string> Configs(string kind) => [.. Steps(kind).Select(step => step.GetProperty("config").GetRawText())];

    private static IEnumerable<JsonElement> Steps(string kind) =>
        Golden.GetProperty("steps").EnumerateArray().Where(step => step.GetProperty("kind").GetString() == kind);

    private static JsonElement[] Expected(string kind, string config) =>
        [.. Steps(kind).First(step => step.GetProperty("config").GetRawText() == config).GetProperty("out").EnumerateArray()];

    private static ConfigNode Node(string config) => new(JsonDocument.Parse(config).RootElement, "components.json", "");

    private static void AssertSame(string input, string[] expected, string[] actual) =>
        Assert.True(
            expected.SequenceEqual(actual),
            $"{GoldenTokenizers.Shown(input)}: expected {JsonSerializer.Serialize(expected)}, got {JsonSerializer.Serialize(actual)}");
}
