using System.Text;
using ActorRing.Compute.Tokenizers.Reading;

namespace ActorRing.Compute.Tokenizers.PreTokenizers;

/// <summary>The settings that Metaspace has both as a pre-tokenizer and as a decoder.</summary>
internal static class MetaspaceOptions
{
    public static (Rune Replacement, PrependScheme Scheme, bool Split) Read(ConfigNode node)
    {
        // str_rep repeats the replacement in files of old versions, which read it as nothing else.
        node.OnlyKeys("type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep");
        var scheme = node.Optional("prepend_scheme")?.OneOf(
            ("always", PrependScheme.Always), ("first", PrependScheme.First), ("never", PrependScheme.Never));
        if (node.Optional("add_prefix_space") is { } prefix && !prefix.Flag() && scheme != PrependScheme.Never)
            throw prefix.Refused("true, or false together with prepend_scheme: never");
        var replacement = node.Required("replacement");
        var text = replacement.NonEmptyText();
        if (!Rune.TryGetRuneAt(text, 0, out var rune) || rune.Utf16SequenceLength != text.Length) throw replacement.Refused("one character");
        return (rune, scheme ?? PrependScheme.Always, node.Flag("split", fallback: true));
    }
}
