using System.Text;
using ActorRing.Compute.Tokenizers.PreTokenizers;
using ActorRing.Compute.Tokenizers.Reading;

namespace ActorRing.Compute.Tokenizers.Decoders;

/// <summary>Reads the <c>decoder</c> of a tokenizer file.</summary>
internal static class DecoderReader
{
    public static TokenDecoder Read(ConfigNode node)
    {
        var read = node.Required("type").OneOf<Func<ConfigNode, TokenDecoder>>(
            ("Sequence", Sequence),
            ("ByteLevel", ByteLevel),
            ("Replace", Replace),
            ("ByteFallback", node => Plain(node, new ByteFallbackDecoder())),
            ("Fuse", node => Plain(node, new FuseDecoder())),
            ("Strip", Strip),
            ("Metaspace", Metaspace));
        return read(node);
    }

    private static DecoderSequence Sequence(ConfigNode node)
    {
        node.OnlyKeys("type", "decoders");
        return new DecoderSequence([.. node.Required("decoders").Items().Select(Read)]);
    }

    private static ByteLevelDecoder ByteLevel(ConfigNode node)
    {
        // The three settings belong to the pre-tokenizer of the same name; decoding does not look at them.
        node.OnlyKeys("type", "add_prefix_space", "trim_offsets", "use_regex");
        return new ByteLevelDecoder();
    }

    private static ReplaceDecoder Replace(ConfigNode node)
    {
        node.OnlyKeys("type", "pattern", "content");
        return new ReplaceDecoder(PatternNodeReader.Read(node.Required("pattern")), node.Required("content").Text());
    }

    private static StripDecoder Strip(ConfigNode node)
    {
        node.OnlyKeys("type", "content", "start", "stop");
        var content = node.Required("content");
        var text = content.NonEmptyText();
        if (!Rune.TryGetRuneAt(text, 0, out var rune) || rune.Utf16SequenceLength != text.Length) throw content.Refused("one character");
        return new StripDecoder(rune, node.Required("start").Natural(), node.Required("stop").Natural());
    }

    private static MetaspaceDecoder Metaspace(ConfigNode node)
    {
        var (replacement, scheme, _) = MetaspaceOptions.Read(node);
        return new MetaspaceDecoder(replacement, scheme);
    }

    private static TokenDecoder Plain(ConfigNode node, TokenDecoder decoder)
    {
        node.OnlyKeys("type");
        return decoder;
    }
}
