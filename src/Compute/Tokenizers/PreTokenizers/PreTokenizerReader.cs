using ActorRing.Compute.Tokenizers.Patterns;
using ActorRing.Compute.Tokenizers.Reading;

namespace ActorRing.Compute.Tokenizers.PreTokenizers;

/// <summary>Reads the <c>pre_tokenizer</c> of a tokenizer file.</summary>
internal static class PreTokenizerReader
{
    // The Rust regex crate, which Whitespace uses, counts the two joiners as word characters; Oniguruma does not.
    private const string WhitespacePattern = @"[\w\u200C\u200D]+|[^\w\s\u200C\u200D]+";

    public static PreTokenizer Read(ConfigNode node)
    {
        var read = node.Required("type").OneOf<Func<ConfigNode, PreTokenizer>>(
            ("Sequence", Sequence),
            ("ByteLevel", ByteLevel),
            ("Metaspace", Metaspace),
            ("Split", Split),
            ("Digits", Digits),
            ("Punctuation", Punctuation),
            ("Whitespace", Whitespace),
            ("WhitespaceSplit", WhitespaceSplit));
        return read(node);
    }

    private static PreTokenizerSequence Sequence(ConfigNode node)
    {
        node.OnlyKeys("type", "pretokenizers");
        return new PreTokenizerSequence([.. node.Required("pretokenizers").Items().Select(Read)]);
    }

    private static ByteLevelPreTokenizer ByteLevel(ConfigNode node)
    {
        // trim_offsets moves offsets, never ids.
        node.OnlyKeys("type", "add_prefix_space", "trim_offsets", "use_regex");
        var split = node.Flag("use_regex", fallback: true)
            ? new SplitPreTokenizer(new RunePattern(ByteLevelPreTokenizer.Gpt2Pattern), SplitBehavior.Isolated, invert: false)
            : null;
        return new ByteLevelPreTokenizer(node.Required("add_prefix_space").Flag(), split);
    }

    private static MetaspacePreTokenizer Metaspace(ConfigNode node)
    {
        var (replacement, scheme, split) = MetaspaceOptions.Read(node);
        return new MetaspacePreTokenizer(replacement, scheme, split);
    }

    private static SplitPreTokenizer Split(ConfigNode node)
    {
        node.OnlyKeys("type", "pattern", "behavior", "invert");
        return new SplitPreTokenizer(PatternNodeReader.Read(node.Required("pattern")), Behavior(node.Required("behavior")), node.Required("invert").Flag());
    }

    private static SplitPreTokenizer Digits(ConfigNode node)
    {
        node.OnlyKeys("type", "individual_digits");
        var behavior = node.Required("individual_digits").Flag() ? SplitBehavior.Isolated : SplitBehavior.Contiguous;
        return new SplitPreTokenizer(new RuneSetPattern(RuneSet.Of(RuneProperty.IsNumeric)), behavior, invert: false);
    }

    private static SplitPreTokenizer Punctuation(ConfigNode node)
    {
        node.OnlyKeys("type", "behavior");
        var behavior = node.Optional("behavior") is { } named ? Behavior(named) : SplitBehavior.Isolated;
        return new SplitPreTokenizer(new RuneSetPattern(RuneSet.Of(Punctuations())), behavior, invert: false);
    }

    private static SplitPreTokenizer Whitespace(ConfigNode node)
    {
        node.OnlyKeys("type");
        return new SplitPreTokenizer(new RunePattern(WhitespacePattern), SplitBehavior.Removed, invert: true);
    }

    private static SplitPreTokenizer WhitespaceSplit(ConfigNode node)
    {
        node.OnlyKeys("type");
        return new SplitPreTokenizer(new RuneSetPattern(RuneSet.Of(RuneProperty.IsSpace)), SplitBehavior.Removed, invert: false);
    }

    private static SplitBehavior Behavior(ConfigNode node) => node.OneOf(
        ("Isolated", SplitBehavior.Isolated),
        ("Removed", SplitBehavior.Removed),
        ("MergedWithPrevious", SplitBehavior.MergedWithPrevious),
        ("MergedWithNext", SplitBehavior.MergedWithNext),
        ("Contiguous", SplitBehavior.Contiguous));

    // ASCII symbols such as $ and + are punctuation here although Unicode calls them symbols.
    private static Func<int, bool> Punctuations()
    {
        var unicode = RuneProperty.Find("P")!;
        return rune => unicode(rune) || rune is >= '!' and <= '/' or >= ':' and <= '@' or >= '[' and <= '`' or >= '{' and <= '~';
    }
}
