using System.Text;
using ActorRing.Compute.Tokenizers.Reading;

namespace ActorRing.Compute.Tokenizers.Normalizers;

/// <summary>Reads the <c>normalizer</c> of a tokenizer file.</summary>
internal static class NormalizerReader
{
    public static Normalizer Read(ConfigNode node)
    {
        var read = node.Required("type").OneOf<Func<ConfigNode, Normalizer>>(
            ("Sequence", Sequence),
            ("Prepend", Prepend),
            ("Replace", Replace),
            ("NFC", node => Form(node, NormalizationForm.FormC)),
            ("NFD", node => Form(node, NormalizationForm.FormD)),
            ("NFKC", node => Form(node, NormalizationForm.FormKC)),
            ("NFKD", node => Form(node, NormalizationForm.FormKD)),
            ("Lowercase", node => Plain(node, new LowercaseNormalizer())),
            ("Strip", Strip),
            ("StripAccents", node => Plain(node, new StripAccentsNormalizer())));
        return read(node);
    }

    private static NormalizerSequence Sequence(ConfigNode node)
    {
        node.OnlyKeys("type", "normalizers");
        return new NormalizerSequence([.. node.Required("normalizers").Items().Select(Read)]);
    }

    private static PrependNormalizer Prepend(ConfigNode node)
    {
        node.OnlyKeys("type", "prepend");
        return new PrependNormalizer(node.Required("prepend").Text());
    }

    private static ReplaceNormalizer Replace(ConfigNode node)
    {
        node.OnlyKeys("type", "pattern", "content");
        return new ReplaceNormalizer(PatternNodeReader.Read(node.Required("pattern")), node.Required("content").Text());
    }

    private static StripNormalizer Strip(ConfigNode node)
    {
        node.OnlyKeys("type", "strip_left", "strip_right");
        return new StripNormalizer(node.Required("strip_left").Flag(), node.Required("strip_right").Flag());
    }

    private static UnicodeNormalizer Form(ConfigNode node, NormalizationForm form)
    {
        node.OnlyKeys("type");
        return new UnicodeNormalizer(form);
    }

    private static Normalizer Plain(ConfigNode node, Normalizer normalizer)
    {
        node.OnlyKeys("type");
        return normalizer;
    }
}
