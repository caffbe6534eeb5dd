using System.Collections.Immutable;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;

namespace ActorRing.Compute.Specs.Model;

/// <summary>Models small enough for the float64 reference, one per feature that changes the arithmetic.</summary>
internal static class TinyModels
{
    internal static IReadOnlyDictionary<string, LlamaConfig> All { get; } = new Dictionary<string, LlamaConfig>
    {
        ["llama"] = Llama(),
        ["tied"] = Llama() with { TieWordEmbeddings = true },
        ["biased"] = Llama() with { AttentionBias = true, MlpBias = true },
        ["one kv head"] = Llama() with { NumKeyValueHeads = 1 },
        ["wide heads"] = Llama() with { HeadDim = 40 },
        ["mistral"] = Llama() with { Family = ModelFamily.Mistral, SlidingWindow = 5 },
        ["mistral, one layer windowed"] =
            Llama() with { Family = ModelFamily.Mistral, SlidingWindow = 3, LayerTypes = ImmutableArray.Create(AttentionSpan.Full, AttentionSpan.Sliding) },
        ["rope linear"] = Llama() with { Rope = new LinearRope(10_000, 4) },
        ["rope dynamic"] = Llama() with { Rope = new DynamicRope(10_000, 4), MaxPositionEmbeddings = 8 },
        ["rope yarn"] = Llama() with { Rope = new YarnRope(10_000, 4) { OriginalMaxPositionEmbeddings = 8 } },
        ["rope llama3"] = Llama() with { Rope = new Llama3Rope(10_000, 8, 1, 4, 16) },
        ["rope longrope"] = Llama() with
        {
            Rope = new LongRope(10_000, [.. Enumerable.Repeat(1.0, 16)], [.. Enumerable.Range(1, 16).Select(i => 1 + (i / 4.0))]) { OriginalMaxPositionEmbeddings = 8 },
        },
    };

    internal static LlamaConfig Llama() => new()
    {
        Family = ModelFamily.Llama,
        VocabSize = 37,
        HiddenSize = 48,
        IntermediateSize = 72,
        NumHiddenLayers = 2,
        NumAttentionHeads = 4,
        NumKeyValueHeads = 2,
        HeadDim = 32,
        MaxPositionEmbeddings = 64,
        RmsNormEps = 1e-5,
    };
}
