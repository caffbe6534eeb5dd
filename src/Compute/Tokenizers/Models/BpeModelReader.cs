using System.Text.Json;
using ActorRing.Compute.Tokenizers.Reading;

namespace ActorRing.Compute.Tokenizers.Models;

/// <summary>Reads the <c>model</c> of a tokenizer file.</summary>
internal static class BpeModelReader
{
    public static BpeDefinition Read(ConfigNode node)
    {
        node.OnlyKeys(
            "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges");
        node.Required("type").OneOf(("BPE", true));
        RefuseDropout(node);
        RefuseAffix(node, "continuing_subword_prefix");
        RefuseAffix(node, "end_of_word_suffix");

        var ids = Vocabulary(node.Required("vocab"));
        return new BpeDefinition(
            ids,
            [.. node.Required("merges").Items().Select(merge => Merge(merge, ids))],
            Unknown(node, ids),
            node.Flag("fuse_unk", fallback: false),
            node.Flag("byte_fallback", fallback: false),
            node.Flag("ignore_merges", fallback: false));
    }

    private static Dictionary<string, int> Vocabulary(ConfigNode node)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var tokens = new Dictionary<int, string>();
        foreach (var (token, value) in node.Members())
        {
            var id = value.Natural();
            if (!ids.TryAdd(token, id)) throw value.Refused("each token once");
            if (!tokens.TryAdd(id, token)) throw value.Refused($"an id that is not already that of '{tokens[id]}'");
        }

        return ids;
    }

    private static (int Left, int Right, int Result) Merge(ConfigNode node, Dictionary<string, int> ids)
    {
        var parts = node.Element.ValueKind == JsonValueKind.String ? node.Text().Split(' ') : [.. node.Items().Select(item => item.Text())];
        if (parts.Length != 2) throw node.Refused("two tokens, as \"a b\" or [\"a\", \"b\"]");
        return (Id(parts[0]), Id(parts[1]), Id(parts[0] + parts[1]));

        int Id(string token) => ids.TryGetValue(token, out var id) ? id : throw node.Refused($"tokens of model.vocab; '{token}' is not one");
    }

    private static int? Unknown(ConfigNode node, Dictionary<string, int> ids)
    {
        if (node.Optional("unk_token") is not { } unknown) return null;
        return ids.TryGetValue(unknown.Text(), out var id) ? id : throw unknown.Refused("null or a token of model.vocab");
    }

    private static void RefuseDropout(ConfigNode node)
    {
        if (node.Optional("dropout") is not { } dropout) return;
        var isZero = dropout.Element.ValueKind == JsonValueKind.Number && dropout.Element.TryGetDouble(out var value) && value == 0;
        if (!isZero) throw dropout.Refused("null or 0, since ids must not depend on chance");
    }

    private static void RefuseAffix(ConfigNode node, string key)
    {
        if (node.Optional(key) is { } affix && affix.Text().Length > 0) throw affix.Refused("null or \"\"");
    }
}
