using System.Text;

namespace ActorRing.Compute.Tokenizers.Normalizers;

/// <summary>NFC, NFD, NFKC or NFKD.</summary>
internal sealed class UnicodeNormalizer : Normalizer
{
    private const char Noncharacter = '\uFFFE';
    private readonly NormalizationForm form;

    /// <exception cref="InvalidOperationException">The process runs without Unicode data, where normalisation silently does nothing.</exception>
    public UnicodeNormalizer(NormalizationForm form)
    {
        if ("e\u0301".Normalize(NormalizationForm.FormC) != "\u00E9" || "\uFB01".Normalize(NormalizationForm.FormKD) != "fi")
        {
            throw new InvalidOperationException(
                "Unicode normalisation does nothing in this process (InvariantGlobalization is on or ICU is missing), so this tokenizer would give wrong ids");
        }

        this.form = form;
    }

    public override string Apply(string text, ref bool atOrigin)
    {
        if (!text.Contains(Noncharacter)) return text.Normalize(form);

        // .NET refuses U+FFFE as if it were not a code point. It neither composes nor reorders, so the parts around it stand alone.
        return string.Join(Noncharacter, text.Split(Noncharacter).Select(part => part.Normalize(form)));
    }
}
