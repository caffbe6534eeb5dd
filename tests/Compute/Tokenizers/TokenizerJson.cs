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

    /// <summary>Lets the best merge change places with the first one that competes with it, as "h e" does with "t h".</summary>
    public static string WithSwappedMerges(string json)
    {
        var root = JsonNode.Parse(json)!;
        var merges = root["model"]!["merges"]!.AsArray();
        var wanted = Parts(merges[0]!)[1];
        var rival = Enumerable.Range(1, merges.Count - 1).First(rank => Parts(merges[rank]!)[0] == wanted);
        var (best, other) = (merges[0]!.DeepClone(), merges[rival]!.DeepClone());
        (merges[0], merges[rival]) = (other, best);
        return root.ToJsonString(Readable);
    }

    private static string[] Parts(JsonNode merge) =>
        merge is JsonArray pair ? [(string)pair[0]!, (string)pair[1]!] : ((string)merge!).Split(' ');

    private static int Index(string key) => int.Parse(key, CultureInfo.InvariantCulture);
}
