using System.Text.Json;
using ActorRing.Compute.Tokenizers.PostProcessors;

namespace ActorRing.Compute.Tokenizers.Reading;

/// <summary>The begin and end tokens, which transformers keeps outside <c>tokenizer.json</c>.</summary>
/// <param name="BosId">Id of the begin token, or null.</param>
/// <param name="EosId">Id of the end token, or null.</param>
/// <param name="Template">What takes the place of the file's own template, or null.</param>
internal sealed record SequenceMarks(int? BosId, int? EosId, PostTemplate? Template)
{
    // Version 5 of transformers writes only the first; version 4 wrote both.
    private static readonly string[] FileNames = ["tokenizer_config.json", "special_tokens_map.json"];

    // These classes build their template from add_bos_token and add_eos_token and drop the one of tokenizer.json.
    private static readonly string[] ClassesWithOwnTemplate =
    [
        "LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizer", "CodeLlamaTokenizerFast", "GemmaTokenizer", "GemmaTokenizerFast",
    ];

    public static SequenceMarks Read(string tokenizerJsonPath, TokenizerParts parts)
    {
        var folder = Path.GetDirectoryName(tokenizerJsonPath) ?? "";
        var marks = new SequenceMarks(null, null, null);
        foreach (var path in FileNames.Select(name => Path.Combine(folder, name)).Where(File.Exists))
        {
            using var document = TokenizerFile.Open(path);
            var root = new ConfigNode(document.RootElement, path, "");
            marks = marks with
            {
                BosId = marks.BosId ?? Find(root.Optional("bos_token"), parts),
                EosId = marks.EosId ?? Find(root.Optional("eos_token"), parts),
            };
            marks = marks with { Template = marks.Template ?? OwnTemplate(root, marks) };
        }

        return marks;
    }

    private static int? Find(ConfigNode? node, TokenizerParts parts)
    {
        if (node is not { } value) return null;
        var name = value.Element.ValueKind == JsonValueKind.Object ? value.Required("content") : value;
        var token = name.Text();
        if (parts.AddedTokens.FirstOrDefault(added => added.Content == token) is { } found) return found.Id;
        return parts.Model.Ids.TryGetValue(token, out var id) ? id : throw name.Refused("a token of tokenizer.json");
    }

    private static PostTemplate? OwnTemplate(ConfigNode root, SequenceMarks marks)
    {
        if (root.Optional("tokenizer_class") is not { } name || !ClassesWithOwnTemplate.Contains(name.Text())) return null;
        var addsBos = root.Optional("add_bos_token");
        var addsEos = root.Optional("add_eos_token");
        if (addsBos is null && addsEos is null) return null;
        return new PostTemplate(Marks(addsBos, fallback: true, marks.BosId), Marks(addsEos, fallback: false, marks.EosId));
    }

    private static int[] Marks(ConfigNode? adds, bool fallback, int? id)
    {
        if (!(adds?.Flag() ?? fallback)) return [];
        if (id is { } known) return [known];
        return adds is { } node ? throw node.Refused("false, since the file names no such token") : [];
    }
}
