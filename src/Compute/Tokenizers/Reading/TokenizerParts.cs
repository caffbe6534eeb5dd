using ActorRing.Compute.Tokenizers.AddedTokens;
using ActorRing.Compute.Tokenizers.Decoders;
using ActorRing.Compute.Tokenizers.Models;
using ActorRing.Compute.Tokenizers.Normalizers;
using ActorRing.Compute.Tokenizers.PostProcessors;
using ActorRing.Compute.Tokenizers.PreTokenizers;

namespace ActorRing.Compute.Tokenizers.Reading;

/// <summary>What a tokenizer file says.</summary>
internal sealed record TokenizerParts(
    BpeDefinition Model,
    IReadOnlyList<AddedToken> AddedTokens,
    Normalizer? Normalizer,
    PreTokenizer? PreTokenizer,
    PostTemplate Template,
    TokenDecoder? Decoder);
