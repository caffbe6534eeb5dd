using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ActorRing.Compute.Specs.Tokenizers;

/// <summary>Small tokenizer files, and changes to them.</summary>
internal static class TokenizerJson
{
    /// <summary>A character-level tokenizer that loads; specs put one thing in it wrong.</summary>
    public const string Minimal = """
        {"version": "1.0", "truncation": null, "padding": null,
         "added_tokens": [{"id": 5, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
         "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
         "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
                   "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                   "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4}, "merges": ["a b", "ab c"]}}
        """;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The minimal file with the value at a dotted path replaced by another piece of JSON.</summary>
    public static string With(string path, string json)
    {
        var root = JsonNode.Parse(Minimal)!;
        var keys = path.Split('.');
        var parent = keys[..^1].Aggregate(root, (node, key) => node is JsonArray list ? list[Index(key)]! : node[key]!);
        if (parent is JsonArray array) array[Index(keys[^1])] = JsonNode.Parse(json);
        else parent[keys[^1]] = JsonNode.Parse(json);
        return root.ToJsonString(Readable);
    }

    /// <summary>Lets the best and the last merge change places.</summary>
    public static string WithSwappedMerges(string json)
    {
        var root = JsonNode.Parse(json)!;
        var merges = root["model"]!["merges"]!.AsArray();
        var (first, last) = (merges[0]!.DeepClone(), merges[^1]!.DeepClone());
        (merges[0], merges[^1]) = (last, first);
        return root.ToJsonString(Readable);
    }

    private static int Index(string key) => int.Parse(key, CultureInfo.InvariantCulture);
}
