using System.Globalization;
using ActorRing.Compute.Tokenizers.Models;
using ActorRing.Compute.Tokenizers.Normalizers;
using ActorRing.Compute.Tokenizers.Reading;

namespace ActorRing.Compute.Tokenizers.AddedTokens;

/// <summary>Reads the <c>added_tokens</c> of a tokenizer file.</summary>
internal static class AddedTokenReader
{
    /// <summary>
    /// Reads all added tokens. Ids are checked the way the reference gives them out (the model's id, else the next free one):
    /// a file whose ids say otherwise is refused, since one of the two would be wrong.
    /// </summary>
    public static List<AddedToken> Read(ConfigNode node, BpeDefinition model, Normalizer? normalizer)
    {
        var tokens = new List<AddedToken>();
        var contents = new HashSet<string>(StringComparer.Ordinal);
        var patterns = new HashSet<(string, bool)>();
        var nextId = model.Ids.Count;
        foreach (var item in node.Items())
        {
            item.OnlyKeys("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special");
            var content = item.Required("content");
            if (!contents.Add(content.NonEmptyText())) throw content.Refused("each added token once");

            var id = item.Required("id");
            var expected = model.Ids.TryGetValue(content.Text(), out var known) ? known : nextId++;
            if (id.Natural() != expected)
                throw id.Refused(string.Create(CultureInfo.InvariantCulture, $"{expected}, the id of '{content.Text()}' in model.vocab or the next free one"));

            var token = Read(item, expected, content.Text(), normalizer);
            if (token.Pattern.Length == 0) throw content.Refused("text that the normalizer leaves something of");
            if (!patterns.Add((token.Pattern, token.IsNormalized))) throw content.Refused("text that the normalizer keeps apart from other added tokens");
            tokens.Add(token);
        }

        return tokens;
    }

    private static AddedToken Read(ConfigNode item, int id, string content, Normalizer? normalizer)
    {
        var isNormalized = item.Required("normalized").Flag();
        var atOrigin = true;
        return new AddedToken(
            id,
            content,
            isNormalized && normalizer is not null ? normalizer.Apply(content, ref atOrigin) : content,
            item.Required("special").Flag(),
            item.Required("single_word").Flag(),
            item.Required("lstrip").Flag(),
            item.Required("rstrip").Flag(),
            isNormalized);
    }
}
