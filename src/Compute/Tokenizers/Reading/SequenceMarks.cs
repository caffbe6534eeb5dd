using System.Text.Json;

namespace ActorRing.Compute.Tokenizers.Reading;

/// <summary>Finds the begin and end tokens, which transformers keeps outside <c>tokenizer.json</c>.</summary>
internal static class SequenceMarks
{
    // Version 5 of transformers writes only the first; version 4 wrote both.
    private static readonly string[] FileNames = ["tokenizer_config.json", "special_tokens_map.json"];

    public static (int? Bos, int? Eos) Read(string tokenizerJsonPath, TokenizerParts parts)
    {
        var folder = Path.GetDirectoryName(tokenizerJsonPath) ?? "";
        int? bos = null;
        int? eos = null;
        foreach (var path in FileNames.Select(name => Path.Combine(folder, name)).Where(File.Exists))
        {
            using var document = TokenizerFile.Open(path);
            var root = new ConfigNode(document.RootElement, path, "");
            bos ??= Find(root.Optional("bos_token"), parts);
            eos ??= Find(root.Optional("eos_token"), parts);
        }

        return (bos, eos);
    }

    private static int? Find(ConfigNode? node, TokenizerParts parts)
    {
        if (node is not { } value) return null;
        var name = value.Element.ValueKind == JsonValueKind.Object ? value.Required("content") : value;
        var token = name.Text();
        if (parts.AddedTokens.FirstOrDefault(added => added.Content == token) is { } found) return found.Id;
        return parts.Model.Ids.TryGetValue(token, out var id) ? id : throw name.Refused("a token of tokenizer.json");
    }
}
