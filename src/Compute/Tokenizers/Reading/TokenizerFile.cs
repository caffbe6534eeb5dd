using System.Text.Json;
using ActorRing.Compute.Checkpoints;
using ActorRing.Compute.Tokenizers.AddedTokens;
using ActorRing.Compute.Tokenizers.Decoders;
using ActorRing.Compute.Tokenizers.Models;
using ActorRing.Compute.Tokenizers.Normalizers;
using ActorRing.Compute.Tokenizers.PostProcessors;
using ActorRing.Compute.Tokenizers.PreTokenizers;

namespace ActorRing.Compute.Tokenizers.Reading;

/// <summary>Reads a whole <c>tokenizer.json</c>.</summary>
internal static class TokenizerFile
{
    public static TokenizerParts Read(string path)
    {
        using var document = Open(path);
        return Read(new ConfigNode(document.RootElement, path, ""));
    }

    /// <summary>Parses a JSON file, with the file's name in every complaint.</summary>
    public static JsonDocument Open(string path)
    {
        try
        {
            using var stream = File.OpenRead(RegularFile.Require(path));
            return JsonDocument.Parse(stream);
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{path}: not JSON ({problem.Message.ReplaceLineEndings(" ")})", problem);
        }
    }

    private static TokenizerParts Read(ConfigNode root)
    {
        // Truncation and padding are settings of a run, which whoever asks for ids decides; the reference's Python front drops them as well.
        root.OnlyKeys("version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model");
        root.Optional("version")?.OneOf(("1.0", true));
        var model = BpeModelReader.Read(root.Required("model"));
        var normalizer = root.Optional("normalizer") is { } normalizerNode ? NormalizerReader.Read(normalizerNode) : null;
        var parts = new TokenizerParts(
            model,
            root.Optional("added_tokens") is { } added ? AddedTokenReader.Read(added, model, normalizer) : [],
            normalizer,
            root.Optional("pre_tokenizer") is { } preTokenizer ? PreTokenizerReader.Read(preTokenizer) : null,
            root.Optional("post_processor") is { } postProcessor ? PostProcessorReader.Read(postProcessor) : PostTemplate.Empty,
            root.Optional("decoder") is { } decoder ? DecoderReader.Read(decoder) : null);
        RefuseUnknownIds(root, parts);
        return parts;
    }

    private static void RefuseUnknownIds(ConfigNode root, TokenizerParts parts)
    {
        var known = parts.Model.Ids.Values.Concat(parts.AddedTokens.Select(token => token.Id)).ToHashSet();
        foreach (var id in parts.Template.Before.Concat(parts.Template.After))
        {
            if (!known.Contains(id)) throw root.Required("post_processor").Refused($"ids of the vocabulary; {id} is not one");
        }
    }
}
